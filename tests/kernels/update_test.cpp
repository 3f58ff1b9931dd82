#include "lib/kernels/update.h"

#include "tests/kernels/kernel_fixture.h"
#include "tests/kernels/scalar_twin.h"

namespace crease::kernels {
namespace {

class UpdateTest : public KernelTest {};
CREASE_TEST_ON_EVERY_TARGET(UpdateTest);

TEST_P(UpdateTest, SgdHasTheBitsOfItsTwin) {
  for (const std::size_t count : {16, 32, 48, 400}) {
    for (const float momentum : {0.0f, 0.9f}) {
      for (const bool first : {true, false}) {
        for (const bool special : {false, true}) {
          const SgdStep step = {0.03f, 0.01f, momentum, first};
          const Buffer g = special ? Specials(count, 1) : Normals(count, 1);
          Buffer p = Normals(count, 2), b = Normals(count, 3);
          Buffer p_twin = p, b_twin = b;
          SgdUpdate(step, count, g.data(), b.data(), p.data());
          twin::SgdUpdate(step, count, g.data(), b_twin.data(), p_twin.data());
          ASSERT_TRUE(SameBits(p, p_twin));
          ASSERT_TRUE(SameBits(b, b_twin));
        }
      }
    }
  }
}

TEST_P(UpdateTest, AdamHasTheBitsOfItsTwin) {
  for (const std::size_t count : {16, 32, 48, 400}) {
    for (const bool special : {false, true}) {
      for (const float coupled : {0.0f, 0.01f}) {
        const AdamStep step = {0.1f, 0.0316f, 0.9f, 0.1f, 0.999f, 0.001f, 1e-8f, coupled, 0.9999f};
        const Buffer g = special ? Specials(count, 1) : Normals(count, 1);
        Buffer p = Normals(count, 2), m = Normals(count, 3), v = Normals(count, 4);
        for (std::size_t i = 0; i < count; ++i) v[i] = v[i] * v[i];
        Buffer p_twin = p, m_twin = m, v_twin = v;
        AdamUpdate(step, count, g.data(), m.data(), v.data(), p.data());
        twin::AdamUpdate(step, count, g.data(), m_twin.data(), v_twin.data(), p_twin.data());
        ASSERT_TRUE(SameBits(p, p_twin));
        ASSERT_TRUE(SameBits(m, m_twin));
        ASSERT_TRUE(SameBits(v, v_twin));
      }
    }
  }
}

}  // namespace
}  // namespace crease::kernels
