#include "lib/kernels/norm.h"

#include <vector>

#include "lib/kernels/layout.h"
#include "tests/kernels/kernel_fixture.h"
#include "tests/kernels/scalar_twin.h"

namespace crease::kernels {
namespace {

class NormTest : public KernelTest {};
CREASE_TEST_ON_EVERY_TARGET(NormTest);

// All norms of one width.
std::vector<NormSpec> SpecsOf(std::size_t width) {
  std::vector<NormSpec> specs;
  for (const NormKind kind : {NormKind::kUnit, NormKind::kLayerNorm, NormKind::kRmsNorm,
                              NormKind::kDyT, NormKind::kNone}) {
    specs.push_back({.kind = kind, .width = width, .eps = 1e-5f});
  }
  for (std::size_t parts = 1; parts <= width; ++parts) {
    if (width % parts != 0) continue;
    specs.push_back(
        {.kind = NormKind::kGroupNorm, .width = width, .norm_groups = parts, .eps = 1e-5f});
  }
  for (const int exponent : {1, 2, 3}) {
    specs.push_back(
        {.kind = NormKind::kDivisive, .width = width, .beta = 0.7f, .exponent = exponent});
  }
  return specs;
}

std::string Describe(const NormSpec& spec, std::size_t groups) {
  return "kind " + std::to_string(static_cast<int>(spec.kind)) + ", width " +
         std::to_string(spec.width) + ", " + std::to_string(spec.norm_groups) +
         " parts, exponent " + std::to_string(spec.exponent) + ", " + std::to_string(groups) +
         " groups";
}

void Compare(const NormSpec& spec, std::size_t groups, const Buffer& z, const Buffer& g) {
  constexpr float kAlpha = 0.6f;
  const std::size_t rows = groups * NormStatistics(spec) * kLanes;
  Buffer u(z.size()), s(rows), u_twin(z.size()), s_twin(rows);
  NormForward(spec, groups, z.data(), kAlpha, u.data(), s.data());
  twin::NormForward(spec, groups, z.data(), kAlpha, u_twin.data(), s_twin.data());
  ASSERT_TRUE(SameBits(u, u_twin)) << "forward " << Describe(spec, groups);
  ASSERT_TRUE(SameBits(s, s_twin)) << "statistics " << Describe(spec, groups);

  const bool has_alpha = spec.kind == NormKind::kDyT;
  Buffer d = g, d_twin(z.size());  // in place, as the network does
  Buffer d_alpha = Normals(kLanes, 7), d_alpha_twin = d_alpha;
  NormBackward(spec, groups, z.data(), u.data(), s.data(), kAlpha, d.data(), d.data(),
               has_alpha ? d_alpha.data() : nullptr);
  twin::NormBackward(spec, groups, z.data(), u.data(), s.data(), kAlpha, g.data(), d_twin.data(),
                     has_alpha ? d_alpha_twin.data() : nullptr);
  ASSERT_TRUE(SameBits(d, d_twin)) << "backward " << Describe(spec, groups);
  ASSERT_TRUE(SameBits(d_alpha, d_alpha_twin)) << "alpha " << Describe(spec, groups);
}

TEST_P(NormTest, HasTheBitsOfItsTwin) {
  for (const std::size_t width : kWidths) {
    for (const std::size_t points : kPointCounts) {
      const std::size_t groups = GroupsOf(points), size = groups * width * kLanes;
      for (const NormSpec& spec : SpecsOf(width)) {
        ASSERT_NO_FATAL_FAILURE(Compare(spec, groups, Normals(size, 1, 2.0), Normals(size, 2)));
      }
    }
  }
}

TEST_P(NormTest, HasTheBitsOfItsTwinOnSpecialValues) {
  for (const std::size_t width : kWidths) {
    const std::size_t size = 9 * width * kLanes;
    for (const NormSpec& spec : SpecsOf(width)) {
      ASSERT_NO_FATAL_FAILURE(Compare(spec, 9, Specials(size, 1), Specials(size, 2)));
      ASSERT_NO_FATAL_FAILURE(Compare(spec, 9, Normals(size, 3, 1e-25), Normals(size, 4)));
      ASSERT_NO_FATAL_FAILURE(Compare(spec, 9, Normals(size, 3, 1e15), Normals(size, 4)));
    }
  }
}

// Sums over more than one block of entries.
TEST_P(NormTest, HasTheBitsOfItsTwinOnWideVectors) {
  for (const std::size_t width : {64, 65, 128, 130, 257}) {
    const std::size_t size = 2 * width * kLanes;
    for (const NormSpec& spec : SpecsOf(width)) {
      ASSERT_NO_FATAL_FAILURE(Compare(spec, 2, Normals(size, 1, 2.0), Normals(size, 2)));
    }
  }
}

TEST_P(NormTest, AffineHasTheBitsOfItsTwin) {
  for (const std::size_t width : kWidths) {
    for (const std::size_t points : kPointCounts) {
      const std::size_t groups = GroupsOf(points), size = groups * width * kLanes;
      const Buffer u = Specials(size, 1), w = Normals(width, 2), b = Specials(width, 3);
      Buffer y(size), y_twin(size);
      AffineForward(width, groups, u.data(), w.data(), b.data(), y.data());
      twin::AffineForward(width, groups, u.data(), w.data(), b.data(), y_twin.data());
      ASSERT_TRUE(SameBits(y, y_twin)) << width << " by " << points;
    }
  }
}

// 1.dz = 0 for the norms that centre, u.dz eps-small for those that divide by a root.
TEST_P(NormTest, CentredGradientsSumToZero) {
  constexpr std::size_t kWidth = 12;
  const Buffer z = Normals(kWidth * kLanes, 1), g = Normals(kWidth * kLanes, 2);
  for (const std::size_t parts : {1, 2, 3}) {
    const NormSpec spec = {
        .kind = NormKind::kGroupNorm, .width = kWidth, .norm_groups = parts, .eps = 1e-5f};
    Buffer u(z.size()), s(parts * kLanes), d(z.size());
    NormForward(spec, 1, z.data(), 0.0f, u.data(), s.data());
    NormBackward(spec, 1, z.data(), u.data(), s.data(), 0.0f, g.data(), d.data(), nullptr);
    const std::size_t size = kWidth / parts;
    for (std::size_t p = 0; p < kLanes; ++p) {
      for (std::size_t k = 0; k < parts; ++k) {
        double sum = 0.0;
        for (std::size_t i = 0; i < size; ++i) {
          sum += static_cast<double>(d[OffsetOf(p, k * size + i, kWidth)]);
        }
        EXPECT_NEAR(sum, 0.0, 1e-5) << "point " << p << ", part " << k << " of " << parts;
      }
    }
  }
}

}  // namespace
}  // namespace crease::kernels
