// Prints the machine's limits: multiply-adds, and the bandwidth of each level of memory, on one and
// on two threads.
//   bench_limits [--instruction_set=NAME] [--json] [--quick]
#include <cstdio>
#include <string>
#include <vector>

#include "benchmarks/limits/limits.h"
#include "benchmarks/run_main.h"
#include "lib/kernels/target.h"

namespace crease::benchmarks {
namespace {

struct Level {
  const char* name;
  std::size_t bytes;  // of the whole working set
};

// Working sets: half the first level, then a quarter or so of the next ones, and far beyond them.
std::vector<Level> Levels(bool quick) {
  std::vector<Level> levels = {{"L1", 16 << 10}, {"L2", 256 << 10}};
  if (!quick) {
    levels.push_back({"L3", 8 << 20});
    levels.push_back({"DRAM", 512 << 20});
  }
  return levels;
}

void Print(bool json, bool quick) {
  constexpr Traffic kTraffics[] = {Traffic::kRead, Traffic::kCopy, Traffic::kNonTemporalCopy};
  std::printf(json ? "{\"instruction_set\": \"%s\", \"limits\": [" : "Instruction set %s\n\n",
              kernels::TargetName().c_str());
  if (!json) std::printf("| limit | threads | |\n|---|---|---|\n");
  const char* comma = "";
  for (int threads = 1; threads <= 2; ++threads) {
    const double peak = FmaPeak(threads);
    std::printf(json ? "%s\n {\"limit\": \"fma\", \"threads\": %d, \"gflops\": %.1f}"
                     : "%s| multiply-adds | %d | %.1f GFLOP/s |\n",
                json ? comma : "", threads, peak);
    comma = ",";
    for (const Level& level : Levels(quick)) {
      for (const Traffic traffic : kTraffics) {
        const double rate = Bandwidth(traffic, level.bytes, threads);
        const std::string name = TrafficName(traffic);
        if (json) {
          std::printf(
              ",\n {\"limit\": \"%s\", \"level\": \"%s\", \"bytes\": %zu, \"threads\": %d, "
              "\"gb_per_s\": %.1f}",
              name.c_str(), level.name, level.bytes, threads, rate);
        } else {
          std::printf("| %s, %s (%zu KiB) | %d | %.1f GB/s |\n", level.name, name.c_str(),
                      level.bytes >> 10, threads, rate);
        }
      }
    }
  }
  if (json) std::printf("\n]}\n");
}

int Main(const std::vector<std::string>& words) {
  const std::string kTarget = "--instruction_set=";
  bool json = false, quick = false;
  for (const std::string& word : words) {
    if (word.starts_with(kTarget)) {
      kernels::ForceTarget(word.substr(kTarget.size()));
    } else if (word == "--json") {
      json = true;
    } else if (word == "--quick") {
      quick = true;
    } else {
      std::fprintf(stderr, "usage: bench_limits [--instruction_set=NAME] [--json] [--quick]\n");
      return 2;
    }
  }
  Print(json, quick);
  return 0;
}

}  // namespace
}  // namespace crease::benchmarks

int main(int argc, char** argv) {
  return crease::benchmarks::RunMain(crease::benchmarks::Main, argc, argv);
}
