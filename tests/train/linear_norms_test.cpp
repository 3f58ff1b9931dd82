// The norms of linears against the scalar twin, on every target.
#include <cmath>
#include <vector>

#include "lib/kernels/range_norms.h"
#include "tests/kernels/kernel_fixture.h"
#include "tests/kernels/scalar_twin.h"

namespace crease::kernels {
namespace {

class RangeNormsTest : public KernelTest {};
CREASE_TEST_ON_EVERY_TARGET(RangeNormsTest);

TEST_P(RangeNormsTest, HaveTheBitsOfTheTwin) {
  const std::vector<Range> ranges = {{0, 32}, {48, 16}, {64, 0}, {64, 4096}, {16, 400}};
  for (const double scale : {1e-42, 1e-30, 1.0, 1e18, 1e30}) {
    const Buffer a = Normals(4160, 1, scale), b = Normals(4160, 2, scale);
    std::vector<float> norms(ranges.size()), differences(ranges.size());
    RangeNorms(a.data(), ranges, norms.data());
    RangeNormsOfDifference(a.data(), b.data(), ranges, differences.data());
    for (std::size_t r = 0; r < ranges.size(); ++r) {
      const float* from = a.data() + ranges[r].offset;
      const float* other = b.data() + ranges[r].offset;
      EXPECT_TRUE(SameBits(
          norms[r], static_cast<float>(std::sqrt(twin::SumOfSquares(from, ranges[r].size)))));
      EXPECT_TRUE(
          SameBits(differences[r], static_cast<float>(std::sqrt(twin::SumOfSquaredDifferences(
                                       from, other, ranges[r].size)))));
    }
  }
}

}  // namespace
}  // namespace crease::kernels
