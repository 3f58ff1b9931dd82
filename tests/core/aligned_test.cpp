#include "lib/core/aligned.h"

#include <cstdint>

#include <gtest/gtest.h>

namespace crease {
namespace {

TEST(Aligned, BuffersBeginAtACacheLine) {
  for (std::size_t size : {1u, 3u, 17u, 1000u}) {
    const AlignedVector<float> buffer(size);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer.data()) % kAlignmentBytes, 0u) << size;
  }
}

TEST(Aligned, PadsToWholeGroups) {
  EXPECT_EQ(PadToLanes(0), 0u);
  EXPECT_EQ(PadToLanes(1), kLanes);
  EXPECT_EQ(PadToLanes(kLanes), kLanes);
  EXPECT_EQ(PadToLanes(kLanes + 1), 2 * kLanes);
}

}  // namespace
}  // namespace crease
