#include "lib/kernels/elementwise.h"

#include "tests/kernels/kernel_fixture.h"
#include "tests/kernels/scalar_twin.h"

namespace crease::kernels {
namespace {

class ActivationTest : public KernelTest {};
CREASE_TEST_ON_EVERY_TARGET(ActivationTest);

constexpr ActivationKind kKinds[] = {ActivationKind::kNone, ActivationKind::kRelu,
                                     ActivationKind::kGelu, ActivationKind::kElu,
                                     ActivationKind::kTanh};

void Compare(const Buffer& z, const Buffer& g) {
  for (const ActivationKind kind : kKinds) {
    Buffer a(z.size()), a_twin(z.size()), d = g, d_twin(z.size());
    ActivationForward(kind, z.size(), z.data(), a.data());
    twin::ActivationForward(kind, z.size(), z.data(), a_twin.data());
    ASSERT_TRUE(SameBits(a, a_twin)) << "forward, kind " << static_cast<int>(kind);
    ActivationBackward(kind, z.size(), z.data(), a.data(), d.data(), d.data());
    twin::ActivationBackward(kind, z.size(), z.data(), a.data(), g.data(), d_twin.data());
    ASSERT_TRUE(SameBits(d, d_twin)) << "backward, kind " << static_cast<int>(kind);
  }
}

TEST_P(ActivationTest, HasTheBitsOfItsTwin) {
  for (const double scale : {1e-30, 1e-5, 0.1, 1.0, 5.0, 50.0, 1e6}) {
    Compare(Normals(4096, 1, scale), Normals(4096, 2));
  }
  for (const std::size_t count : {16, 32, 48, 112}) Compare(Normals(count, 3), Normals(count, 4));
}

TEST_P(ActivationTest, HasTheBitsOfItsTwinOnSpecialValues) {
  Compare(Specials(4096, 1), Specials(4096, 2));
}

TEST_P(ActivationTest, KeepsZerosSignsAndLimits) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  Buffer z(kLanes), a(kLanes);
  const float values[] = {0.0f, 100.0f, -100.0f, kInfinity, -kInfinity};
  for (std::size_t i = 0; i < kLanes; ++i) z[i] = i < std::size(values) ? values[i] : 0.0f;
  ActivationForward(ActivationKind::kTanh, kLanes, z.data(), a.data());
  for (std::size_t i = 0; i < std::size(values); ++i) EXPECT_EQ(a[i], std::tanh(values[i]));
  ActivationForward(ActivationKind::kElu, kLanes, z.data(), a.data());
  for (std::size_t i = 0; i < std::size(values); ++i) {
    EXPECT_EQ(a[i], values[i] > 0 ? values[i] : std::expm1(values[i]));
  }
  ActivationForward(ActivationKind::kRelu, kLanes, z.data(), a.data());
  for (std::size_t i = 0; i < std::size(values); ++i) EXPECT_EQ(a[i], std::fmax(values[i], 0.0f));
  ActivationForward(ActivationKind::kGelu, kLanes, z.data(), a.data());
  EXPECT_EQ(a[0], 0.0f);
  EXPECT_EQ(a[1], 100.0f);
  EXPECT_EQ(std::fabs(a[2]), 0.0f);
}

}  // namespace
}  // namespace crease::kernels
