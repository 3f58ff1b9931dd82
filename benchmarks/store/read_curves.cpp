// Reads the loss curves of all runs of a store, shard by shard: read_curves STORE. Prints what it
// took, with all checks, as JSON.
#include <bit>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "benchmarks/limits/clock.h"
#include "lib/store/reader.h"

namespace crease::benchmarks {
namespace {

int Read(const std::string& store) {
  const double wall = ReadClock(CLOCK_MONOTONIC), cpu = ReadClock(CLOCK_PROCESS_CPUTIME_ID);
  std::uint64_t bytes = 0;
  std::int64_t runs = 0;
  std::uint64_t sum = 0;  // of all values' bits, so that none may be skipped
  for (const std::string& path : store::ListShards(store)) {
    const store::ShardReader reader(path);
    for (std::int64_t run = 0; run < reader.info().runs; ++run, ++runs) {
      const std::vector<float> loss = reader.Row("loss", run);
      for (const float value : loss) sum += std::bit_cast<std::uint32_t>(value);
      bytes += loss.size() * sizeof(float);
    }
  }
  std::printf(
      "{\"runs\": %lld, \"bytes\": %llu, \"wall_seconds\": %.4f, \"cpu_seconds\": %.4f,"
      " \"sum\": %llu}\n",
      static_cast<long long>(runs), static_cast<unsigned long long>(bytes),
      ReadClock(CLOCK_MONOTONIC) - wall, ReadClock(CLOCK_PROCESS_CPUTIME_ID) - cpu,
      static_cast<unsigned long long>(sum));
  return 0;
}

}  // namespace
}  // namespace crease::benchmarks

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: read_curves STORE\n");
    return 2;
  }
  try {
    return crease::benchmarks::Read(argv[1]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
