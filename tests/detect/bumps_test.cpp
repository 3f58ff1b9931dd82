#include "lib/detect/bumps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace crease::detect {
namespace {

TEST(WithoutBumps, CutsALongBumpAtItsLevel) {
  const ExactCurve cut = WithoutBumps({{0, 10, 15, 25, 40}, {1, 0, 2, -2, -3}});
  EXPECT_THAT(cut.step, testing::ElementsAre(0, 10, 15, 20, 25, 40));
  EXPECT_THAT(cut.log_loss, testing::ElementsAre(1, 0, 0, 0, -2, -3));
}

TEST(WithoutBumps, CutsARiseAtTheEnd) {
  EXPECT_THAT(WithoutBumps({{0, 10, 20, 30}, {1, 0, 2, 3}}).log_loss,
              testing::ElementsAre(1, 0, 0, 0));
}

TEST(WithoutBumps, BridgesAShortOneAlongTheCurve) {
  // A falling line of slope -0.01 with a spike from 100 that is gone at 120.
  const ExactCurve cut = WithoutBumps({{0, 100, 101, 120, 200, 300}, {0, -1, 1, -1.2, -2, -3}});
  EXPECT_THAT(cut.step.front(), 0);
  for (std::size_t i = 0; i < cut.step.size(); ++i) {
    EXPECT_NEAR(cut.log_loss[i], -0.01 * cut.step[i], 1e-9) << cut.step[i];
  }
}

TEST(WithoutBumps, LeavesAWarmUp) {
  const ExactCurve curve = {{0, 10, 500, 1000}, {0, 0.5, -1, -2}};
  EXPECT_EQ(WithoutBumps(curve).log_loss, curve.log_loss);
}

TEST(WithoutBumps, LeavesALongLowOne) {
  const ExactCurve curve = {{0, 10, 30, 300, 400}, {0, -1, -0.9, -1.01, -2}};
  EXPECT_EQ(WithoutBumps(curve).log_loss, curve.log_loss);
}

TEST(WithoutBumps, EndsALineWhereTheCurveGetsSteeperAgain) {
  // A spike from 1000 to 1040, not wholly gone before a drop at 1100, within the line's reach.
  const ExactCurve cut = WithoutBumps({{0, 1000, 1005, 1040, 1060, 1080, 2000},  //
                                       {0, 0, 2, 0.1, -0.01, -2, -2}});
  EXPECT_THAT(cut.step, testing::ElementsAre(0, 1000, 1060, 1080, 2000));
  EXPECT_THAT(cut.log_loss, testing::ElementsAre(0, 0, -0.01, -2, -2));
}

TEST(WithoutBumps, CutsOneThatRunsIntoADrop) {
  const ExactCurve cut = WithoutBumps({{0, 1000, 1005, 1010, 1100, 2000},  //
                                       {0, 0, 0.5, 0.3, -1.5, -1.5}});
  EXPECT_THAT(cut.step.front(), 0);
  EXPECT_NEAR(ValueAt(cut, 1010), 0, 1e-12);
  EXPECT_GT(ValueAt(cut, 1030), -0.4);
  EXPECT_EQ(ValueAt(cut, 1100), -1.5);
}

}  // namespace
}  // namespace crease::detect
