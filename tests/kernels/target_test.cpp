#include "lib/kernels/target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/core/error.h"

namespace crease::kernels {
namespace {

TEST(Target, IsTheBestUnlessForced) {
  const auto targets = SupportedTargets();
  ASSERT_FALSE(targets.empty());
  EXPECT_EQ(TargetName(), targets.front());
  for (const std::string& target : targets) {
    ForceTarget(target);
    EXPECT_EQ(TargetName(), target);
    EXPECT_THAT(SupportedTargets(), testing::Contains(target));
  }
  ForceTarget("");
  EXPECT_EQ(TargetName(), targets.front());
  EXPECT_EQ(SupportedTargets(), targets);
}

// The tests of bits are worth nothing if there is a single target to compare.
TEST(Target, ThereAreAtLeastTwo) { EXPECT_GE(SupportedTargets().size(), 2u); }

TEST(Target, UnknownNamesAreAnError) {
  EXPECT_THROW(ForceTarget("AVX9"), Error);
  EXPECT_EQ(TargetName(), SupportedTargets().front());
}

}  // namespace
}  // namespace crease::kernels
