#include "lib/detect/exact_curve.h"

#include <gtest/gtest.h>

namespace crease::detect {
namespace {

const ExactCurve kDrop = {{0, 300, 400, 1000}, {1, 1, -1, -1}};

TEST(ExactCurve, ValueLiesOnTheLines) {
  EXPECT_EQ(ValueAt(kDrop, 0), 1);
  EXPECT_EQ(ValueAt(kDrop, 350), 0);
  EXPECT_EQ(ValueAt(kDrop, 400), -1);
  EXPECT_EQ(ValueAt(kDrop, 1000), -1);
}

TEST(ExactCurve, GapOfAPlateauBeforeADrop) {
  // D P / (P + W), at the onset.
  EXPECT_NEAR(GapToConvexHull(kDrop, 0, 400), 2 * 300 / 400.0, 1e-12);
  EXPECT_NEAR(GapToConvexHull(kDrop, 200, 400), 2 * 100 / 200.0, 1e-12);
  EXPECT_NEAR(GapToConvexHull(kDrop, 0, 1000), 2 * 300 / 400.0, 1e-12);
}

TEST(ExactCurve, ConvexPartsHaveNoGap) {
  EXPECT_EQ(GapToConvexHull(kDrop, 320, 1000), 0);
  EXPECT_NEAR(GapToConvexHull({{0, 1, 2, 3, 7}, {5, 3, 2, 1.5, 0}}, 0, 7), 0, 1e-12);
  EXPECT_EQ(GapToConvexHull(kDrop, 400, 400), 0);
}

TEST(ExactCurve, ShareBelowALevel) {
  EXPECT_NEAR(ShareBelow(kDrop, 0, 300, 400), 0.5, 1e-12);
  EXPECT_NEAR(ShareBelow(kDrop, 0.5, 0, 1000), 0.6 + 0.1 * 0.75, 1e-12);
  EXPECT_EQ(ShareBelow(kDrop, 0, 0, 300), 0);
  EXPECT_EQ(ShareBelow(kDrop, 0, 500, 5000), 1);
  EXPECT_EQ(ShareBelow(kDrop, 0, 1000, 1200), 1);
}

}  // namespace
}  // namespace crease::detect
