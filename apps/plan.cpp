// crease plan: what `crease run` would do, and what it would cost.
#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>
#include <unistd.h>
#include <unordered_map>
#include <vector>

#include <omp.h>

#include "apps/arguments.h"
#include "apps/calibration.h"
#include "apps/commands.h"
#include "apps/exit_codes.h"
#include "apps/output.h"
#include "apps/report.h"
#include "apps/selection.h"
#include "apps/sweep_inputs.h"
#include "apps/text.h"
#include "lib/store/writer.h"
#include "lib/train/config_keys.h"
#include "lib/train/trainer.h"

namespace crease::apps {
namespace {

namespace po = boost::program_options;

struct Plan {
  std::string sweep;
  std::int64_t runs = 0, cells = 0;
  Selection selection;
  std::int64_t steps = 0;       // of the new runs
  double bytes = 0;             // that they record, before compression
  double transition_bytes = 0;  // of bursts, at most, for each transition
  double core_seconds = 0;
  double longest_seconds = 0;
  int threads = 1;
  double peak_memory_bytes = 0;
};

Grammar PlanGrammar() {
  Grammar grammar("plan");
  grammar.synopsis = "SWEEP.toml [--store DIR] [options]";
  grammar.description =
      "Counts the runs of the sweep, those that the store lacks, their steps, the bytes they\n"
      "will record, core-hours (from trainings of a few seconds that are thrown away) and peak\n"
      "memory. Writes nothing.";
  grammar.positional = {"SWEEP.toml"};
  grammar.required = 1;
  grammar.options.add_options()("SWEEP.toml", po::value<std::string>())(
      "store", po::value<std::string>()->value_name("DIR"),
      "the directory of the results: what it has needs no training")(
      "threads", po::value<std::string>()->value_name("N"),
      "runs trained at a time (default: one a processor)")(
      "set", po::value<std::vector<std::string>>()->value_name("K=V")->composing(),
      "override a key of the sweep file, as train.steps=500; may be repeated");
  AddJsonOption(grammar);
  return grammar;
}

// Resident bytes of this process: program, libraries and the data sets loaded so far.
double ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  double total_pages = 0, resident_pages = 0;
  statm >> total_pages >> resident_pages;
  return resident_pages * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

// Bytes that one run records, and that one transition adds. Runs of one cell record the same.
struct Bytes {
  double run = 0, transition = 0;
};

class RunBytes {
 public:
  RunBytes(const train::RecordOptions& record, sweep::DatasetCache& datasets)
      : record_(record), datasets_(datasets) {}

  Bytes Of(train::RunConfig config) {
    config.seed = 0;
    const auto [place, is_new] = bytes_.try_emplace(train::ToJson(config));
    if (is_new) {
      const auto dataset = datasets_.Get(config.data);
      place->second = {static_cast<double>(train::RecordedBytes(config, *dataset, record_)),
                       static_cast<double>(train::RecordedBurstBytes(config, *dataset, record_))};
    }
    return place->second;
  }

 private:
  const train::RecordOptions& record_;
  sweep::DatasetCache& datasets_;
  std::unordered_map<std::string, Bytes> bytes_;
};

std::int64_t CountCells(const std::vector<sweep::PlannedRun>& runs) {
  std::unordered_map<std::string, int> cells;
  for (const auto& run : runs) {
    train::RunConfig config = run.config;
    config.seed = 0;
    cells[train::ToJson(config)] = 1;
  }
  return std::ssize(cells);
}

Plan MakePlan(const std::string& sweep_path, const std::string& store_path,
              const std::vector<std::string>& overrides, int threads) {
  const sweep::Spec spec = ReadSweep(sweep_path, overrides);
  const auto planned = sweep::Expand(spec);
  Plan plan;
  plan.sweep = spec.name;
  plan.runs = std::ssize(planned);
  plan.cells = CountCells(planned);
  plan.threads = threads;
  plan.selection = Select(planned, StoredRuns(store_path), spec.record, {});

  const auto& runs = plan.selection.to_train;
  sweep::DatasetCache datasets;
  LoadEachTask(runs, datasets);
  RunBytes run_bytes(spec.record, datasets);
  double largest_run = 0;
  for (const auto& run : runs) {
    const Bytes bytes = run_bytes.Of(run.config);
    plan.steps += run.config.steps;
    plan.bytes += bytes.run;
    plan.transition_bytes = std::max(plan.transition_bytes, bytes.transition);
    largest_run = std::max(largest_run, bytes.run + bytes.transition);
  }
  for (const double seconds : EstimateSeconds(runs, spec.record, datasets)) {
    plan.core_seconds += seconds;
    plan.longest_seconds = std::max(plan.longest_seconds, seconds);
  }
  // A run that is being trained holds what it has recorded, and its compressed copy when it ends;
  // the writer's queue is bounded.
  const double queue =
      std::min(plan.bytes, static_cast<double>(store::WriterOptions().queue_bytes));
  plan.peak_memory_bytes = ResidentBytes() + queue + 2 * largest_run * threads;
  return plan;
}

// With runs shared out longest first, no schedule ends before its longest run.
double WallSeconds(const Plan& plan) {
  return std::max(plan.longest_seconds, plan.core_seconds / plan.threads);
}

Json AsJson(const Plan& plan) {
  return {{"sweep", plan.sweep},
          {"runs", plan.runs},
          {"cells", plan.cells},
          {"runs_new", plan.selection.to_train.size()},
          {"runs_present", plan.selection.present},
          {"runs_recorded_more_sparsely", plan.selection.sparser.size()},
          {"steps", plan.steps},
          {"bytes", std::llround(plan.bytes)},
          {"bytes_per_transition", std::llround(plan.transition_bytes)},
          {"core_seconds", plan.core_seconds},
          {"core_hours", plan.core_seconds / 3600},
          {"threads", plan.threads},
          {"wall_seconds", WallSeconds(plan)},
          {"peak_memory_bytes", std::llround(plan.peak_memory_bytes)}};
}

void Print(const Plan& plan) {
  Out() << plan.sweep << ": " << Counted(plan.runs, "run") << " in " << Counted(plan.cells, "cell")
        << ", " << FormatCount(plan.selection.present) << " in the store, "
        << FormatCount(std::ssize(plan.selection.to_train)) << " to train\n"
        << "steps         " << FormatCount(plan.steps) << '\n'
        << "recorded      " << FormatBytes(plan.bytes) << " before compression"
        << (plan.transition_bytes > 0
                ? ", and at most " + FormatBytes(plan.transition_bytes) + " a transition"
                : "")
        << '\n'
        << "core-hours    " << FormatNumber(plan.core_seconds / 3600, 3) << " (about "
        << FormatDuration(WallSeconds(plan)) << " on this machine with "
        << Counted(plan.threads, "thread") << ")\n"
        << "peak memory   at most " << FormatBytes(plan.peak_memory_bytes) << '\n';
}

}  // namespace

int PlanCommand(const Words& words) {
  const auto arguments = ParseArguments(PlanGrammar(), words);
  if (!arguments) return kDone;
  const int threads =
      arguments->Has("threads")
          ? static_cast<int>(IntegerOption("--threads", arguments->Text("threads"), 1, 4096))
          : omp_get_num_procs();
  const Plan plan = MakePlan(arguments->Text("SWEEP.toml"), arguments->Text("store"),
                             arguments->List("set"), threads);
  if (!plan.selection.sparser.empty()) Message(DescribeSparser(plan.selection.sparser));
  if (arguments->Flag("json")) {
    PrintJson(AsJson(plan));
  } else {
    Print(plan);
  }
  return kDone;
}

}  // namespace crease::apps
