// Results against the plain twin, over awkward sizes.
#include "tests/norm/cases.h"

namespace crease::norm {
namespace {

constexpr std::size_t kWidths[] = {1, 2, 3, 5, 8, 15, 16, 17, 33, 100, 257, 1024, 4097};
constexpr std::size_t kPointCounts[] = {0, 1, 7, 16, 17, 40, 64, 997};

template <typename T>
class NormValues : public testing::Test {
 protected:
  // Errors in units of epsilon and of the size that the twin gives for each result.
  void Check(Case<T>& its) {
    its.Run();
    const Twin twin = its.MakeTwin();
    const Real chain = 8;  // the steps from x to u, or from g to d_x, each rounded
    EXPECT_LE(WorstError(its.y, twin.y, twin.y_size), chain);
    EXPECT_LE(WorstError(its.d_x, twin.d_x, twin.d_x_size), chain);
    EXPECT_LE(WorstError(its.d_weight, twin.d_weight, twin.d_weight_size), chain);
    EXPECT_LE(WorstError(its.d_bias, twin.d_bias, twin.d_bias_size), chain);
    worst_[0] = std::max(worst_[0], WorstError(its.y, twin.y, twin.y_size));
    worst_[1] = std::max(worst_[1], WorstError(its.d_x, twin.d_x, twin.d_x_size));
    worst_[2] = std::max(worst_[2], WorstError(its.d_weight, twin.d_weight, twin.d_weight_size));
    worst_[3] = std::max(worst_[3], WorstError(its.d_bias, twin.d_bias, twin.d_bias_size));
    if (its.options.kind == Kind::kDyT) {
      EXPECT_LE(WorstError(Values<T>{its.d_alpha}, {twin.d_alpha}, {twin.d_alpha_size}), chain);
    }
  }
  void TearDown() override {
    std::printf("worst errors in epsilons: y %.2Lf, d_x %.2Lf, d_weight %.2Lf, d_bias %.2Lf\n",
                worst_[0], worst_[1], worst_[2], worst_[3]);
  }
  Real worst_[4] = {};
};

using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(NormValues, Types);

TYPED_TEST(NormValues, AreTheTwins) {
  for (const Options& kind : AllKinds()) {
    for (const std::size_t width : kWidths) {
      for (const std::size_t points : kPointCounts) {
        if (width * points > 150000) continue;
        Case<TypeParam> its(WithWidth(kind, width), points);
        SCOPED_TRACE(Describe(its.options, points));
        this->Check(its);
        if (this->HasFailure()) return;
      }
    }
  }
}

}  // namespace
}  // namespace crease::norm
