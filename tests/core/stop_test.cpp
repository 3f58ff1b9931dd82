#include "lib/core/stop.h"

#include <gtest/gtest.h>

namespace crease {
namespace {

TEST(StopToken, RemembersTheSignal) {
  StopToken token;
  EXPECT_FALSE(token.requested());
  token.Request(15);
  EXPECT_TRUE(token.requested());
  EXPECT_EQ(token.signal_number(), 15);
}

}  // namespace
}  // namespace crease
