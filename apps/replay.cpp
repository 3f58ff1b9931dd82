// crease replay: trains one run of a store again, compares, and records it in other detail.
#include "lib/store/replay.h"

#include <array>
#include <charconv>
#include <memory>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

#include "analysis/summary/catalog_runs.h"
#include "apps/arguments.h"
#include "apps/commands.h"
#include "apps/exit_codes.h"
#include "apps/output.h"
#include "apps/progress.h"
#include "apps/report.h"
#include "apps/signals.h"
#include "apps/text.h"
#include "lib/core/error.h"
#include "lib/core/numerics_version.h"
#include "lib/kernels/target.h"
#include "lib/store/layout.h"
#include "lib/store/shard_metadata.h"
#include "lib/store/stored_record.h"
#include "lib/store/verify.h"
#include "lib/sweep/record_spec.h"
#include "lib/train/schedule.h"
#include "lib/train/trainer.h"

namespace crease::apps {
namespace {

namespace po = boost::program_options;

struct Request {
  std::string store_path, run_id, steps, out;
  std::vector<std::string> record;
  bool from_start = false, force = false, json = false;
};

Grammar ReplayGrammar() {
  Grammar grammar("replay");
  grammar.synopsis = "STORE RUN_ID --out FILE.h5 [options]";
  grammar.description =
      "Trains a run of the store again, from the nearest state that it has or from the start,\n"
      "compares every value of these steps that the store has, and writes what is asked for into\n"
      "a file like a shard. Ends with exit code 3 at the first bit that differs. RUN_ID may be\n"
      "the first digits of one. Without --record: loss, norms, weights and the activations of\n"
      "all points at every step.";
  grammar.positional = {"STORE", "RUN_ID"};
  grammar.required = 2;
  grammar.options.add_options()("STORE", po::value<std::string>())(
      "RUN_ID", po::value<std::string>())("out", po::value<std::string>()->value_name("FILE.h5"),
                                          "the file to write; without it, the values are only "
                                          "compared")(
      "steps", po::value<std::string>()->value_name("A:B"),
      "the first and the last step to record (default: all; A: and :B are open ends)")(
      "record", po::value<std::vector<std::string>>()->value_name("K=V")->composing(),
      "what to record, as in [record] of a sweep file, as gradients={every=1}; may be repeated")(
      "from-start", po::bool_switch(), "train from step 0, whatever states there are")(
      "force", po::bool_switch(), "replace FILE.h5 if it is there");
  AddJsonOption(grammar);
  return grammar;
}

Request ReadRequest(const Arguments& arguments) {
  Request request;
  request.store_path = arguments.Text("STORE");
  request.run_id = arguments.Text("RUN_ID");
  request.steps = arguments.Text("steps");
  request.out = arguments.Text("out");
  if (arguments.Has("out") && request.out.empty()) {
    throw InputError("--out", "is empty", "name a file");
  }
  request.record = arguments.List("record");
  request.from_start = arguments.Flag("from-start");
  request.force = arguments.Flag("force");
  request.json = arguments.Flag("json");
  return request;
}

summary::CatalogRun FindRun(const Request& request) {
  const store::Catalog catalog(request.store_path);
  std::vector<summary::CatalogRun> found;
  for (auto& run : summary::ReadRuns(catalog)) {
    if (run.run_id.starts_with(request.run_id)) found.push_back(std::move(run));
  }
  if (found.size() == 1) return std::move(found[0]);
  const std::string place = "run " + request.run_id;
  if (found.empty()) {
    throw InputError(
        place, "is not in " + request.store_path,
        "`crease query " + request.store_path + " \"SELECT run_id FROM runs\"` lists them");
  }
  throw InputError(place, "is the beginning of " + FormatCount(std::ssize(found)) + " run ids",
                   "give more digits: " + found[0].run_id + ", " + found[1].run_id + ", ...");
}

struct Window {
  std::int64_t first = 0, last = 0;  // last may be the number of updates: the final weights
};

std::int64_t StepIn(const std::string& text, std::int64_t otherwise, std::int64_t most) {
  return text.empty() ? otherwise : IntegerOption("--steps A:B", text, 0, most);
}

Window ParseWindow(const std::string& text, std::int64_t steps_done) {
  if (text.empty()) return {0, steps_done};
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos) {
    throw InputError("--steps " + text, "is not A:B",
                     "give the first and the last step, as 100:200");
  }
  const Window window{StepIn(text.substr(0, colon), 0, steps_done),
                      StepIn(text.substr(colon + 1), steps_done, steps_done)};
  if (window.first > window.last) {
    throw InputError("--steps " + text, "ends before it begins", "let A be at most B");
  }
  return window;
}

train::RecordOptions Within(train::RecordOptions record, std::int64_t first, std::int64_t last) {
  for (train::StepSchedule* schedule :
       {&record.scalars, &record.weights, &record.activations, &record.gradients, &record.test}) {
    *schedule = schedule->Within(first, last);
  }
  return record;
}

train::RecordOptions AskedRecord(const Request& request, const Window& window) {
  train::RecordOptions record;
  record.weights = record.activations = train::StepSchedule::Every(1);
  record.activation_points = 0;
  record.bursts = false;
  record.checkpoint_every_steps = 0;
  try {
    record = sweep::OverrideRecord(record, request.record);
  } catch (const Error& error) {
    std::string place = error.place();
    const std::string set = "--set record.";
    if (place.starts_with(set)) place = "--record " + place.substr(set.size());
    throw InputError(place, error.problem(), error.remedy());
  }
  if (record.bursts || record.checkpoint_every_steps > 0) {
    throw InputError("--record", "bursts and checkpoint are for `crease run`",
                     "give --steps around the transition");
  }
  return Within(record, window.first, window.last);
}

// What the store has of these steps.
train::RecordOptions StoredRecord(const summary::CatalogRun& run, std::int64_t first,
                                  std::int64_t last) {
  train::RecordOptions record = train::RecordFromJson(run.record_json);
  record.bursts = false;
  return Within(record, first, last);
}

// What its bursts have of them.
train::RecordOptions BurstRecord(const store::BurstRows& bursts) {
  const auto off = train::StepSchedule::Off();
  const train::StepSchedule at{.form = train::StepSchedule::Form::kAt, .at = bursts.steps};
  return {.scalars = off,
          .weights = at,
          .activations = at,
          .activation_points = bursts.points,
          .gradients = off,
          .test = off,
          .bursts = false,
          .checkpoint_every_steps = 0};
}

std::shared_ptr<const data::Dataset> LoadData(const store::ShardReader& reader,
                                              const summary::CatalogRun& run) {
  const store::RunCopy copy = store::ReadCopies(reader)[static_cast<std::size_t>(run.shard_row)];
  if (copy.numerics_version != kNumericsVersion) {
    throw InputError("run " + run.run_id,
                     "is of numerics version " + std::to_string(copy.numerics_version) +
                         ", this program of " + std::to_string(kNumericsVersion),
                     "use the commit that trained it: " + reader.info().Attribute("git_commit"));
  }
  auto dataset = std::make_shared<const data::Dataset>(data::Load(run.config.data));
  const std::string digest = store::DataDigest(*dataset);
  if (digest != copy.data_digest) {
    throw InputError("data of run " + run.run_id,
                     "have changed: their digest is " + digest + ", was " + copy.data_digest,
                     "restore the data that the run was trained on");
  }
  return dataset;
}

// What is recorded is held in memory until the file is written.
void CheckMemory(const train::RunConfig& config, const data::Dataset& dataset,
                 const train::RecordOptions& asked) {
  const auto bytes = static_cast<double>(train::RecordedBytes(config, dataset, asked));
  const double memory =
      static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
  if (bytes < 0.6 * memory) return;
  throw InputError("--record",
                   "asks for " + FormatBytes(bytes) + " of values, and this machine has " +
                       FormatBytes(memory) + " of memory",
                   "replay fewer steps at a time with --steps, or record fewer points");
}

Error Differs(const summary::CatalogRun& run, const std::string& shard,
              const store::ReplayDifference& at) {
  const auto text = [](float value) {
    std::array<char, 32> buffer{};
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
    return std::string(buffer.data(), end.ptr);
  };
  return DamagedError(shard + ":" + at.dataset,
                      "run " + run.run_id + " differs at step " + std::to_string(at.step) +
                          (at.index.empty() ? "" : " " + at.index) + ": stored " + text(at.stored) +
                          ", replayed " + text(at.replayed),
                      "`crease verify` tells whether the file is damaged; if it is sound, it comes "
                      "from a build with other numerics");
}

// The stored run's figures, with the arrays of the replay.
train::RunRecord RecordOf(const store::StoredRun& stored, train::RunRecord&& replayed) {
  train::RunRecord record = store::WithoutArrays(stored);
  record.axes = std::move(replayed.axes);
  record.arrays = std::move(replayed.arrays);
  return record;
}

std::optional<train::Replayed> TrainAgain(const summary::CatalogRun& run,
                                          const data::Dataset& dataset,
                                          const train::ReplayPlan& plan) {
  StopToken stop;
  const SignalGuard signals(stop);
  ProgressPrinter printer;
  std::int64_t done = plan.start.step;
  return train::Replay(run.config, dataset, plan, &stop, [&](std::int64_t steps) {
    done += steps;
    printer.Update("step " + FormatCount(done) + " of " + FormatCount(plan.last_step));
  });
}

// What the replay found, for printing.
struct Outcome {
  std::int64_t trained_from = 0, values = 0;
  bool digest_compared = false;
  std::uint64_t bytes = 0;  // of the file
};

// Throws Error(kDamaged) if a bit differs.
Outcome Compare(const summary::CatalogRun& run, const store::ShardReader& reader,
                const store::BurstRows& bursts, const train::Replayed& replayed, std::int64_t first,
                std::int64_t last) {
  const std::string& shard = reader.info().path;
  store::ReplayComparison comparison =
      store::CompareWithShard(reader, run.shard_row, replayed.records[0], first, last);
  if (!bursts.rows.empty()) {
    const auto dense = store::CompareWithBursts(reader, bursts, replayed.records[1]);
    comparison.values += dense.values;
    if (dense.first && (!comparison.first || dense.first->step < comparison.first->step)) {
      comparison.first = dense.first;
    }
  }
  if (comparison.first) throw Differs(run, shard, *comparison.first);
  if (!replayed.digest.empty() && replayed.digest != run.digest) {
    throw DamagedError(
        shard + ":/digest",
        "run " + run.run_id + " gives digest " + replayed.digest + ", stored is " + run.digest,
        "`crease verify` tells whether the file is damaged");
  }
  return {first, comparison.values, !replayed.digest.empty(), 0};
}

void Print(const Request& request, const summary::CatalogRun& run, const Window& window,
           const Outcome& outcome) {
  if (request.json) {
    return PrintJson({{"run_id", run.run_id},
                      {"first_step", window.first},
                      {"last_step", window.last},
                      {"trained_from_step", outcome.trained_from},
                      {"values_compared", outcome.values},
                      {"digest_compared", outcome.digest_compared},
                      {"out", request.out.empty() ? Json() : Json(request.out)},
                      {"bytes_written", outcome.bytes}});
  }
  Out() << "run " << run.run_id << ": steps " << FormatCount(window.first) << " to "
        << FormatCount(window.last) << ", trained from step " << FormatCount(outcome.trained_from)
        << "; " << FormatCount(outcome.values) << " values of the store"
        << (outcome.digest_compared ? " and the digest" : "") << " are the same\n";
  if (request.out.empty()) return;
  Out() << "wrote " << request.out << " (" << FormatBytes(static_cast<double>(outcome.bytes))
        << ")\n";
}

int ReplayRun(const Request& request) {
  const summary::CatalogRun run = FindRun(request);
  const Window window = ParseWindow(request.steps, run.steps_done);
  const train::RecordOptions asked = AskedRecord(request, window);
  const std::string shard = store::ShardsDirectory(request.store_path) + "/" + run.shard;
  const store::ShardReader reader(shard);
  const auto dataset = LoadData(reader, run);
  if (!request.out.empty()) CheckMemory(run.config, *dataset, asked);

  train::ReplayPlan plan;
  if (!request.from_start) {
    plan.start = store::NearestState(reader, run.shard_row, window.first,
                                     train::SizesOf(run.config, *dataset));
  }
  plan.last_step = window.last;
  const store::BurstRows bursts =
      store::FindBurstRows(reader, run.shard_row, plan.start.step, window.last);
  plan.recordings = {StoredRecord(run, plan.start.step, window.last), BurstRecord(bursts)};
  if (!request.out.empty()) plan.recordings.push_back(asked);
  auto replayed = TrainAgain(run, *dataset, plan);
  if (!replayed) {
    Message("interrupted: nothing was written");
    return kInterrupted;
  }
  Outcome outcome = Compare(run, reader, bursts, *replayed, plan.start.step, window.last);
  if (!request.out.empty()) {
    const auto stored = reader.Runs()[static_cast<std::size_t>(run.shard_row)];
    outcome.bytes = store::WriteRunFile(
        request.out, request.force, RecordOf(stored, std::move(replayed->records.back())), asked,
        dataset,
        {.sweep_name = run.sweep, .instruction_set = kernels::TargetName(), .shard = run.shard});
  }
  Print(request, run, window, outcome);
  return kDone;
}

}  // namespace

int ReplayCommand(const Words& words) {
  const auto arguments = ParseArguments(ReplayGrammar(), words);
  if (!arguments) return kDone;
  return ReplayRun(ReadRequest(*arguments));
}

}  // namespace crease::apps
