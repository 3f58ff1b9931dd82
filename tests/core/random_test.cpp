#include "lib/core/random.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "lib/core/portable_math.h"

namespace crease {
namespace {

// The known answers of Random123 (kat_vectors, philox4x32 10): counter, key, first 64 bits and
// last 64 bits of the result.
struct KnownAnswer {
  std::uint64_t index;
  std::uint32_t purpose, stream;
  std::uint64_t seed, first, second;
};
constexpr KnownAnswer kKnownAnswers[] = {
    {0, 0, 0, 0, 0xe169c58d6627e8d5, 0x9b00dbd8bc57ac4c},
    {0xffffffffffffffff, 0xffffffff, 0xffffffff, 0xffffffffffffffff, 0x41c83b0e408f276d,
     0x6d5451fda20bc7c6},
    {0x85a308d3243f6a88, 0x13198a2e, 0x03707344, 0x299f31d0a4093822, 0x94fdccebd16cfe09,
     0x24126ea15001e420},
};

RandomStream StreamOf(const KnownAnswer& known) {
  return {known.seed, static_cast<Purpose>(known.purpose), known.stream};
}

long double OpenUnit(std::uint64_t bits) {
  return (static_cast<long double>(bits >> 12) + 0.5L) * 0x1p-52L;
}

TEST(Random, BitsArePhilox) {
  for (const KnownAnswer& known : kKnownAnswers) {
    EXPECT_EQ(StreamOf(known).Bits(known.index), known.first);
    EXPECT_EQ(StreamOf(known).Uniform(known.index), static_cast<double>(OpenUnit(known.first)));
  }
}

TEST(Random, NormalsAreBoxMullerOfPhilox) {
  for (const KnownAnswer& known : kKnownAnswers) {
    // Two normals a block, so the index of the block is half of theirs.
    if (known.index >> 63 != 0) continue;
    const RandomStream stream = StreamOf(known);
    const long double radius = std::sqrt(-2.0L * std::log(OpenUnit(known.first)));
    const long double angle = 2.0L * 3.14159265358979323846264L * OpenUnit(known.second);
    EXPECT_NEAR(stream.Normal(2 * known.index), static_cast<double>(radius * std::cos(angle)),
                1e-15);
    EXPECT_NEAR(stream.Normal(2 * known.index + 1), static_cast<double>(radius * std::sin(angle)),
                1e-15);
  }
}

RC_GTEST_PROP(Random, NormalsAreTheSameInBulkAndOneByOne,
              (std::uint64_t seed, std::uint32_t stream_index)) {
  const auto first = *rc::gen::inRange<std::uint64_t>(0, 1000);
  const auto count = *rc::gen::inRange<std::size_t>(0, 400);
  const RandomStream stream(seed, Purpose::kFreshPoints, stream_index);
  std::vector<double> bulk(count);
  stream.Normals(first, bulk);
  for (std::size_t i = 0; i < count; ++i) RC_ASSERT(bulk[i] == stream.Normal(first + i));
}

RC_GTEST_PROP(Random, NothingDependsOnTheOrderOfCalls, (std::uint64_t seed)) {
  const RandomStream forwards(seed, Purpose::kData), backwards(seed, Purpose::kData);
  std::vector<double> a, b;
  for (std::uint64_t i = 0; i < 20; ++i) a.push_back(forwards.Normal(i));
  for (std::uint64_t i = 20; i-- > 0;) b.push_back(backwards.Normal(i));
  std::reverse(b.begin(), b.end());
  RC_ASSERT(a == b);
}

TEST(Random, SeedPurposeStreamAndIndexAllMatter) {
  const std::uint64_t base = RandomStream(1, Purpose::kData, 0).Bits(0);
  EXPECT_NE(RandomStream(2, Purpose::kData, 0).Bits(0), base);
  EXPECT_NE(RandomStream(1ull << 32 | 1, Purpose::kData, 0).Bits(0), base);
  EXPECT_NE(RandomStream(1, Purpose::kNoise, 0).Bits(0), base);
  EXPECT_NE(RandomStream(1, Purpose::kData, 1).Bits(0), base);
  EXPECT_NE(RandomStream(1, Purpose::kData, 0).Bits(1), base);
  EXPECT_NE(RandomStream(1, Purpose::kData, 0).Bits(1ull << 32), base);
}

TEST(Random, UniformFillsTheIntervalEvenly) {
  constexpr int kDraws = 1'000'000, kBins = 100;
  const RandomStream stream(7, Purpose::kData);
  std::vector<int> counts(kBins);
  for (int i = 0; i < kDraws; ++i) {
    const double u = stream.Uniform(static_cast<std::uint64_t>(i));
    ASSERT_GT(u, 0.0);
    ASSERT_LT(u, 1.0);
    ++counts[static_cast<std::size_t>(u * kBins)];
  }
  constexpr double kExpected = kDraws / static_cast<double>(kBins);
  double chi_square = 0.0;
  for (const int count : counts)
    chi_square += (count - kExpected) * (count - kExpected) / kExpected;
  // 99 degrees of freedom: mean 99, the 0.01 % and 99.99 % points.
  EXPECT_GT(chi_square, 53.0);
  EXPECT_LT(chi_square, 160.0);
}

TEST(Random, NormalHasTheMomentsAndTheTailsOfTheNormal) {
  constexpr int kDraws = 1'000'000;
  std::vector<double> z(kDraws);
  RandomStream(3, Purpose::kData).Normals(0, z);
  double moments[4] = {}, product = 0.0;
  int beyond_two = 0;
  for (std::size_t i = 0; i < z.size(); ++i) {
    double power = 1.0;
    for (double& moment : moments) moment += (power *= z[i]) / kDraws;
    beyond_two += std::fabs(z[i]) > 2.0;
    // Both numbers of a pair come from one radius: they must still be independent.
    if (i % 2 == 1) product += z[i - 1] * z[i - 1] * z[i] * z[i] / (kDraws / 2);
  }
  EXPECT_NEAR(moments[0], 0.0, 5 * 0.001);     // sd 1 / sqrt(draws)
  EXPECT_NEAR(moments[1], 1.0, 5 * 0.001414);  // sqrt(2)
  EXPECT_NEAR(moments[2], 0.0, 5 * 0.003873);  // sqrt(15)
  EXPECT_NEAR(moments[3], 3.0, 5 * 0.009798);  // sqrt(96)
  EXPECT_NEAR(product, 1.0, 5 * 0.004);        // sqrt(8) / sqrt(draws / 2)
  EXPECT_NEAR(beyond_two / 1e6, 0.0455, 5 * 0.00021);
}

RC_GTEST_PROP(Random, BelowStaysBelow, (std::uint64_t seed, std::uint64_t index)) {
  const auto bound = *rc::gen::suchThat<std::uint64_t>([](std::uint64_t n) { return n > 0; });
  RC_ASSERT(RandomStream(seed, Purpose::kSubset).Below(index, bound) < bound);
}

TEST(Random, BelowIsUniform) {
  constexpr std::uint64_t kBound = 7;
  constexpr int kDraws = 700'000;
  const RandomStream stream(5, Purpose::kLabels);
  std::vector<int> counts(kBound);
  for (int i = 0; i < kDraws; ++i) ++counts[stream.Below(static_cast<std::uint64_t>(i), kBound)];
  for (const int count : counts) EXPECT_NEAR(count, 100'000, 5 * 293);
}

// The bits themselves: a change here changes every run on every machine.
TEST(Random, KnownBits) {
  std::vector<double> z(1000);
  RandomStream(42, Purpose::kParameters, 3).Normals(0, z);
  double sum = 0.0;
  for (const double number : z) sum += number;
  EXPECT_EQ(sum, -0x1.64c310550b4e8p+6) << std::hexfloat << sum;
}

}  // namespace
}  // namespace crease
