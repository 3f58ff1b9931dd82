// Writes a store of synthetic runs for readers in other languages: store_sample DIR.
#include <cstdio>
#include <exception>

#include "lib/store/layout.h"
#include "lib/store/writer.h"
#include "tests/store/fixture.h"

using crease::store::Writer;
using crease::store::testing::MakeDataset;
using crease::store::testing::MakeRecord;

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  try {
    Writer writer(argv[1], {.sweep_name = "sample", .instruction_set = "AVX2"});
    const auto dataset = MakeDataset();
    for (std::uint64_t seed = 0; seed < 12; ++seed) {
      writer.Append(MakeRecord(seed, {.steps = 5000}), {}, dataset);
    }
    writer.Seal();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
