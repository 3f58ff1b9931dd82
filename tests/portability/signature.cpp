// Prints the golden signatures of this build on this CPU: of the tiny runs of tests/train and of
// the smoke sweep, for each instruction set and number of threads asked for. Needs nothing above
// lib/sweep, no HDF5 and no SQLite, so that it is quickly built for other processors.
//
//   crease_signature [--check] [--list] [--tiny] [--target NAME]... [--threads N]...
//
// --check: exit code 1 where a signature is not the one in tests/train/golden_runs.h.
// --list: the digest of each run, too. --tiny: the tiny runs alone. Without --target: all targets
// that the CPU has. Without
// --threads: 1, 2 and 7.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lib/core/hash.h"
#include "lib/core/numerics_version.h"
#include "lib/core/stop.h"
#include "lib/kernels/target.h"
#include "lib/sweep/runner.h"
#include "lib/sweep/spec.h"
#include "lib/train/config_keys.h"
#include "tests/train/golden_runs.h"
#include "tests/train/tiny_runs.h"

namespace crease {
namespace {

struct Options {
  bool check = false, list = false, tiny = false;
  std::vector<std::string> targets;
  std::vector<int> threads;
};

Options Parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--check") {
      options.check = true;
    } else if (argument == "--list") {
      options.list = true;
    } else if (argument == "--tiny") {
      options.tiny = true;
    } else if (argument == "--target" && i + 1 < argc) {
      options.targets.emplace_back(argv[++i]);
    } else if (argument == "--threads" && i + 1 < argc) {
      options.threads.push_back(std::atoi(argv[++i]));
    } else {
      std::fprintf(stderr,
                   "usage: %s [--check] [--list] [--tiny] [--target NAME]... [--threads N]...\n",
                   argv[0]);
      std::exit(2);
    }
  }
  if (options.targets.empty()) options.targets = kernels::SupportedTargets();
  if (options.threads.empty()) options.threads = {1, 2, 7};
  return options;
}

struct Suite {
  const char* name;
  const char* expected;
  std::vector<sweep::PlannedRun> runs;  // run_id: a name that does not depend on the version
};

Suite TinyRuns() {
  Suite suite = {"tiny", train::kTinySignature, {}};
  for (const auto& [name, config] : train::GoldenRuns()) suite.runs.push_back({config, name});
  return suite;
}

Suite SmokeSweep() {
  Suite suite = {"smoke", train::kSmokeSignature, {}};
  const std::string path = CREASE_SOURCE_DIR "/sweeps/smoke.toml";
  suite.runs = sweep::Expand(sweep::ParseSpecFile(path));
  for (std::size_t i = 0; i < suite.runs.size(); ++i) {
    suite.runs[i].run_id = suite.runs[i].config.data.task + "-" + std::to_string(i);
  }
  return suite;
}

// The lines of digests, in the order of the runs.
std::string TrainAll(const Suite& suite, int threads) {
  std::map<std::string, std::string> ids;  // the record's run id -> ours
  std::map<std::string, std::string> lines;
  for (const sweep::PlannedRun& run : suite.runs) ids[train::RunId(run.config)] = run.run_id;
  sweep::RunnerCallbacks callbacks;
  callbacks.sink = [&](train::RunRecord&& record, const auto&) {
    const std::string& name = ids.at(record.run_id);
    lines[name] = train::DigestLine(name, record);
  };
  sweep::DatasetCache datasets;
  StopToken stop;
  const sweep::RunnerSummary summary =
      sweep::RunAll(suite.runs, train::NothingRecorded(), datasets,
                    {.threads = threads, .fail_fast = true}, callbacks, stop);
  std::string all;
  for (const sweep::Failure& failure : summary.failures) all += failure.message + "\n";
  for (const sweep::PlannedRun& run : suite.runs) all += lines[run.run_id];
  return all;
}

// False where a signature was to be checked and is another.
bool Print(const Options& options) {
  bool right = true;
  std::vector<Suite> suites = {TinyRuns()};
  if (!options.tiny) suites.push_back(SmokeSweep());
  for (const Suite& suite : suites) {
    for (const std::string& target : options.targets) {
      kernels::ForceTarget(target);
      for (const int threads : options.threads) {
        const std::string digests = TrainAll(suite, threads);
        const std::string signature = HexDigestOf(digests);
        const bool same = signature == suite.expected;
        if (options.list || (options.check && !same)) std::fputs(digests.c_str(), stdout);
        std::printf("%-5s %-8s %d threads  %s%s\n", suite.name, target.c_str(), threads,
                    signature.c_str(), same ? "" : "  differs");
        std::fflush(stdout);
        right &= same;
      }
    }
  }
  return right || !options.check;
}

}  // namespace
}  // namespace crease

int main(int argc, char** argv) {
  try {
    const crease::Options options = crease::Parse(argc, argv);
    std::printf("numerics version %d, signatures of version %d\n", crease::kNumericsVersion,
                crease::train::kSignatureVersion);
    return crease::Print(options) ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "crease_signature: %s\n", error.what());
    return 2;
  }
}
