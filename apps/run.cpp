// crease run: trains the runs of a sweep that the store lacks.
#include <algorithm>
#include <limits>
#include <malloc.h>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "analysis/summary/summary.h"
#include "apps/arguments.h"
#include "apps/commands.h"
#include "apps/exit_codes.h"
#include "apps/output.h"
#include "apps/report.h"
#include "apps/selection.h"
#include "apps/sweep_inputs.h"
#include "apps/text.h"
#include "apps/training.h"
#include "lib/core/error.h"
#include "lib/kernels/target.h"
#include "lib/store/catalog.h"
#include "lib/store/checkpoints.h"
#include "lib/store/claims.h"
#include "lib/store/layout.h"
#include "lib/store/reader.h"
#include "lib/store/writer.h"
#include "lib/sweep/runner.h"

namespace crease::apps {
namespace {

namespace po = boost::program_options;

constexpr std::size_t kListedTransitions = 20;

struct Request {
  std::string sweep_path, store_path;
  std::vector<std::string> overrides;
  TrainingRequest training;
  int shard_index = 1, shard_count = 1;
  SelectionOptions selection;
  bool json = false;
};

Grammar RunGrammar() {
  Grammar grammar("run");
  grammar.synopsis = "SWEEP.toml --store DIR [options]";
  grammar.description =
      "Trains the runs of the sweep that the store lacks and seals them into it, then prints\n"
      "figures per cell and the transitions found. Running it again computes what is missing.\n"
      "Ctrl-C, SIGTERM and SIGUSR1 seal what is complete, save the state of the runs under way,\n"
      "which go on from there next time, and leave with exit code 130; a second Ctrl-C leaves\n"
      "at once.";
  grammar.positional = {"SWEEP.toml"};
  grammar.required = 1;
  grammar.options.add_options()("SWEEP.toml", po::value<std::string>())(
      "store", po::value<std::string>()->value_name("DIR")->required(),
      "the directory of the results, made if it is not there")(
      "threads", po::value<std::string>()->value_name("N"),
      "runs trained at a time (default: one a processor)")(
      "shard", po::value<std::string>()->value_name("I/N"),
      "train the I-th of N parts of the sweep, as equal in cost as can be")(
      "set", po::value<std::vector<std::string>>()->value_name("K=V")->composing(),
      "override a key of the sweep file, as train.steps=500; may be repeated")(
      "checkpoint-interval", po::value<std::string>()->value_name("SECONDS"),
      "least time between two checkpoints of a run, which are taken at the steps that "
      "record.checkpoint names (default: 10)")("fail-fast", po::bool_switch(),
                                               "stop at the first run that fails")(
      "rerecord", po::bool_switch(),
      "train again, and record as asked, runs that the store has recorded more sparsely; their "
      "digests must agree")("force", po::bool_switch(), "train everything again");
  AddJsonOption(grammar);
  return grammar;
}

void ParseShard(const std::string& text, Request& request) {
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) {
    throw InputError("--shard " + text, "is not I/N",
                     "give the part and the number of parts, as 1/4");
  }
  const auto count = IntegerOption("--shard I/N: N =", text.substr(slash + 1), 1, 1'000'000);
  const auto index = IntegerOption("--shard I/N: I =", text.substr(0, slash), 1, count);
  request.shard_index = static_cast<int>(index);
  request.shard_count = static_cast<int>(count);
}

Request ReadRequest(const Arguments& arguments, const Words& words) {
  Request request;
  request.sweep_path = arguments.Text("SWEEP.toml");
  request.store_path = arguments.Text("store");
  if (request.store_path.empty()) throw InputError("--store", "is empty", "name a directory");
  request.training.store_path = request.store_path;
  request.training.command = "crease run";
  for (const auto& word : words) request.training.command += " " + word;
  request.overrides = arguments.List("set");
  request.training.runner.fail_fast = arguments.Flag("fail-fast");
  request.selection.rerecord = arguments.Flag("rerecord");
  request.selection.force = arguments.Flag("force");
  request.training.may_differ = request.selection.force;
  request.training.afresh = request.selection.force;
  if (arguments.Has("checkpoint-interval")) {
    request.training.runner.checkpoint_interval_seconds = static_cast<double>(IntegerOption(
        "--checkpoint-interval", arguments.Text("checkpoint-interval"), 0, 1'000'000));
  }
  request.json = arguments.Flag("json");
  if (arguments.Has("threads")) {
    request.training.runner.threads =
        static_cast<int>(IntegerOption("--threads", arguments.Text("threads"), 1, 4096));
  }
  if (arguments.Has("shard")) ParseShard(arguments.Text("shard"), request);
  return request;
}

void TellSelection(const Request& request, const sweep::Spec& spec, const Selection& selection,
                   std::size_t planned) {
  std::string text = spec.name + ": " + Counted(static_cast<std::int64_t>(planned), "run");
  if (request.shard_count > 1) {
    text += " in shard " + std::to_string(request.shard_index) + "/" +
            std::to_string(request.shard_count);
  }
  text += ", " + FormatCount(selection.present) + " in the store, " +
          FormatCount(std::ssize(selection.to_train)) + " to train";
  Message(text);
  if (!selection.elsewhere.empty()) Message(DescribeElsewhere(selection.elsewhere));
  if (selection.sparser.empty()) return;
  Message(DescribeSparser(selection.sparser));
  if (!request.selection.rerecord && !request.selection.force) {
    Message("  remedy: `crease run " + request.sweep_path + " --store " + request.store_path +
            " --rerecord` trains them again and records what is asked");
  }
}

void TellOutcome(const TrainingOutcome& outcome) {
  const sweep::Progress& progress = outcome.runner.progress;
  Message("trained " + Counted(progress.runs_done, "run") + " in " +
          FormatDuration(progress.elapsed_seconds) + " (" + FormatRate(progress.runs_per_second) +
          " runs/s, " + FormatRate(progress.steps_per_second) + " steps/s), " +
          Counted(progress.transitions, "transition") + ", " +
          FormatBytes(static_cast<double>(outcome.written.file_bytes)) + " in " +
          Counted(outcome.written.shards, "shard"));
  if (progress.runs_failed > 0) {
    Message(Counted(progress.runs_failed, "run") +
            " failed\n  remedy: see the messages above; the same command tries them again");
  }
  if (outcome.interrupted) {
    Message("interrupted: completed runs are kept, running the same command again trains the rest");
  }
}

// The planned runs that are in the store now, in the order of the plan.
std::vector<summary::CatalogRun> PlannedInStore(const std::vector<sweep::PlannedRun>& planned,
                                                const store::Catalog& catalog) {
  std::unordered_map<std::string, summary::CatalogRun> by_id;
  for (auto& run : summary::ReadRuns(catalog)) {
    std::string id = run.run_id;
    by_id.insert_or_assign(std::move(id), std::move(run));
  }
  std::vector<summary::CatalogRun> runs;
  for (const auto& run : planned) {
    const auto found = by_id.find(run.run_id);
    if (found != by_id.end()) runs.push_back(std::move(found->second));
  }
  return runs;
}

void PrintResults(const Request& request, const std::vector<summary::CatalogRun>& runs,
                  const summary::TransitionsByRun& transitions) {
  if (runs.empty()) return;
  const summary::Summary summary = summary::Summarize(runs, transitions);
  PrintSummary(Out(), summary);
  std::vector<TransitionRow> rows;
  std::vector<std::string> ids;
  for (const auto& run : runs) {
    ids.push_back(run.run_id);
    const auto found = transitions.find(run.run_id);
    if (found == transitions.end()) continue;
    for (const auto& row : found->second) {
      rows.push_back({run.run_id, &run.config, row.transition});
    }
  }
  Out() << '\n' << Counted(std::ssize(rows), "transition") << '\n';
  if (rows.empty()) return;
  PrintTransitions(Out(), rows, summary.keys, UnambiguousPrefix(ids), kListedTransitions);
  if (rows.size() > kListedTransitions) {
    Out() << "... " << FormatCount(std::ssize(rows) - static_cast<std::int64_t>(kListedTransitions))
          << " more: crease transitions " << request.store_path << '\n';
  }
}

Json ResultsAsJson(const Request& request, const sweep::Spec& spec, const Selection& selection,
                   const TrainingOutcome& outcome, const std::vector<summary::CatalogRun>& runs,
                   const summary::TransitionsByRun& transitions, std::size_t planned) {
  const sweep::Progress& progress = outcome.runner.progress;
  Json failures = Json::array();
  for (const auto& failure : outcome.runner.failures) {
    failures.push_back({{"run_id", failure.run_id}, {"message", failure.message}});
  }
  Json sparser = Json::array();
  for (const auto& run : selection.sparser) {
    sparser.push_back({{"run_id", run.run_id}, {"lacks", run.lacks}});
  }
  return {{"sweep", spec.name},
          {"store", request.store_path},
          {"shard_index", request.shard_index},
          {"shard_count", request.shard_count},
          {"runs_planned", planned},
          {"runs_present", selection.present},
          {"runs_elsewhere", CountElsewhere(selection)},
          {"runs_trained", progress.runs_done},
          {"runs_failed", progress.runs_failed},
          {"runs_diverged", progress.runs_diverged},
          {"steps_trained", progress.steps_done},
          {"transitions_found", progress.transitions},
          {"elapsed_seconds", progress.elapsed_seconds},
          {"runs_per_second", progress.runs_per_second},
          {"steps_per_second", progress.steps_per_second},
          {"shards_written", outcome.written.shards},
          {"bytes_written", outcome.written.file_bytes},
          {"interrupted", outcome.interrupted},
          {"failures", failures},
          {"sparser", sparser},
          {"cells", ToJson(summary::Summarize(runs, transitions))}};
}

std::vector<std::string> ShardsOf(const std::string& store_path) {
  return store::IsStore(store_path) ? store::ListShards(store_path) : std::vector<std::string>();
}

// A selection, and the shards that were there before it was made.
struct Choice {
  std::vector<std::string> shards;
  Selection selection;
};

Choice Choose(const Request& request, const sweep::Spec& spec,
              const std::vector<sweep::PlannedRun>& planned) {
  Choice choice;
  choice.shards = ShardsOf(request.store_path);
  choice.selection =
      Select(planned, StoredRuns(request.store_path), spec.record, request.selection);
  return choice;
}

// Of the copies that new ones are to take the place of; "" if there are none.
std::string NewestCopyUtc(const Request& request) {
  if (!request.selection.rerecord && !request.selection.force) return "";
  if (!store::IsStore(request.store_path)) return "";
  return store::Catalog(request.store_path).NewestShardUtc();
}

// Leaves to others what they are training, and claims the rest for as long as the result lives.
std::unique_ptr<store::TemporaryFile> ClaimRuns(const Request& request, const sweep::Spec& spec,
                                                const std::vector<sweep::PlannedRun>& planned,
                                                Choice& choice) {
  if (choice.selection.to_train.empty()) return nullptr;
  const store::ClaimsLock lock(request.store_path);
  // Claims before shards: see ClaimsLock.
  const auto claims = lock.ReadClaims();
  if (ShardsOf(request.store_path) != choice.shards) choice = Choose(request, spec, planned);
  LeaveToOthers(claims, choice.selection);
  std::vector<std::string> ids;
  for (const auto& run : choice.selection.to_train) ids.push_back(run.run_id);
  return ids.empty() ? nullptr : lock.Take(std::move(ids));
}

// Of runs whose shard was sealed by a process that was killed right after.
void RemoveSealedCheckpoints(const std::string& store_path, store::Checkpoints& checkpoints) {
  if (checkpoints.run_ids().empty()) return;
  const std::set<std::string> sealed = store::Catalog(store_path).RunIds();
  std::vector<std::string> done;
  for (const std::string& run_id : checkpoints.run_ids()) {
    if (sealed.count(run_id) != 0) done.push_back(run_id);
  }
  checkpoints.Remove(done);
}

int RunSweep(const Request& request) {
  const sweep::Spec spec = ReadSweep(request.sweep_path, request.overrides);
  const auto planned =
      sweep::ShardOf(sweep::Expand(spec), request.shard_index, request.shard_count);

  // Nothing is made, not even a directory, before all input is known to be right.
  Choice choice = Choose(request, spec, planned);
  sweep::DatasetCache datasets;
  LoadEachTask(choice.selection.to_train, datasets);
  store::CreateStore(request.store_path);
  store::Checkpoints checkpoints(request.store_path);
  store::Writer writer(request.store_path,
                       {.sweep_name = spec.name,
                        .instruction_set = kernels::TargetName(),
                        .replaces_runs = request.selection.force,
                        .created_after = NewestCopyUtc(request),
                        .on_sealed = [&](const auto& run_ids) { checkpoints.Remove(run_ids); }});
  store::RemoveOldStatus(request.store_path, request.training.command);
  const auto claim = ClaimRuns(request, spec, planned, choice);
  const Selection& selection = choice.selection;
  TellSelection(request, spec, selection, planned.size());
  RemoveSealedCheckpoints(request.store_path, checkpoints);
  store::SaveSweepFile(request.store_path, spec.name, spec.text, OverridesToKeep(spec));

  TrainingOutcome outcome;
  if (!selection.to_train.empty()) {
    outcome = Train(request.training, spec, selection, datasets, writer, checkpoints);
    TellOutcome(outcome);
  }
  const store::Catalog catalog(request.store_path);
  const auto runs = PlannedInStore(planned, catalog);
  const auto transitions = summary::ReadTransitions(catalog);
  try {
    if (request.json) {
      PrintJson(
          ResultsAsJson(request, spec, selection, outcome, runs, transitions, planned.size()));
    } else if (!outcome.interrupted) {
      PrintResults(request, runs, transitions);
    }
    FlushOut();
  } catch (const OutputClosed&) {
    // Nobody reads on; how the training ended is told all the same.
  }
  if (outcome.interrupted) return kInterrupted;
  return outcome.runner.progress.runs_failed > 0 ? kSomeRunsFailed : kDone;
}

// Every run takes as much memory as the one before. Given back and taken anew, as malloc does with
// large blocks, each page of it is cleared by the system again.
void KeepFreedMemory() {
  constexpr int kLargest = std::numeric_limits<int>::max();
  mallopt(M_MMAP_THRESHOLD, kLargest);
  mallopt(M_TRIM_THRESHOLD, kLargest);
}

}  // namespace

int RunCommand(const Words& words) {
  const auto arguments = ParseArguments(RunGrammar(), words);
  if (!arguments) return kDone;
  KeepFreedMemory();
  return RunSweep(ReadRequest(*arguments, words));
}

}  // namespace crease::apps
