// What compressing each array of a shard costs and saves: codec_cost SHARD.h5. Reads every array of
// (run, step, ...) and encodes it as the writer does; beside it, the same with the checksum alone.
// One JSON object a line and array; seconds of processor time.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <span>
#include <string>
#include <vector>

#include "benchmarks/limits/clock.h"
#include "lib/store/chunk_codec.h"
#include "lib/store/reader.h"

namespace crease::benchmarks {
namespace {

double Seconds() { return ReadClock(CLOCK_THREAD_CPUTIME_ID); }

struct Cost {
  std::uint64_t raw = 0, stored = 0, sum = 0;
  double encode = 0, checksum = 0;

  void Add(std::span<const std::byte> row, std::size_t row_elements) {
    for (std::size_t at = 0; at < row.size(); at += store::kChunkTargetBytes) {
      const auto chunk = row.subspan(at, std::min(store::kChunkTargetBytes, row.size() - at));
      double begin = Seconds();
      stored += store::EncodeChunk(chunk, chunk.size(), sizeof(float), row_elements).bytes.size();
      encode += Seconds() - begin;
      begin = Seconds();
      const std::vector<std::byte> copy(chunk.begin(), chunk.end());
      sum += store::Fletcher32(copy);
      checksum += Seconds() - begin;
      raw += chunk.size();
    }
  }
};

int Measure(const char* path) {
  const store::ShardReader reader(path);
  for (const std::string& name : reader.Datasets()) {
    const std::vector<std::size_t> shape = reader.Shape(name.substr(1));
    if (shape.size() < 2 || shape[0] != static_cast<std::size_t>(reader.info().runs)) continue;
    if (name.starts_with("/data/") || name.starts_with("/bursts/")) continue;
    std::size_t row_elements = 1;
    for (std::size_t axis = 2; axis < shape.size(); ++axis) row_elements *= shape[axis];
    Cost cost;
    for (std::int64_t run = 0; run < reader.info().runs; ++run) {
      const std::vector<float> row = reader.Row(name.substr(1), run);
      cost.Add(std::as_bytes(std::span(row)), row_elements);
    }
    std::printf(
        "{\"array\": \"%s\", \"raw\": %llu, \"stored\": %llu, \"encode_seconds\": %.9f,"
        " \"checksum_seconds\": %.9f, \"sum\": %llu}\n",
        name.c_str(), static_cast<unsigned long long>(cost.raw),
        static_cast<unsigned long long>(cost.stored), cost.encode, cost.checksum,
        static_cast<unsigned long long>(cost.sum));
  }
  return 0;
}

}  // namespace
}  // namespace crease::benchmarks

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: codec_cost SHARD.h5\n");
    return 2;
  }
  try {
    return crease::benchmarks::Measure(argv[1]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
