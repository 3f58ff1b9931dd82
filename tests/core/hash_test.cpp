#include "lib/core/hash.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace crease {
namespace {

// Known answers of XXH3_128bits with seed 0 (xxhsum -H2).
TEST(Hash, KnownAnswers) {
  EXPECT_EQ(HexDigestOf(""), "99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(HexDigestOf("a"), "a96faf705af16834e6c632b61e964e1f");
  EXPECT_EQ(HexDigestOf("abc"), "06b05ab6733a618578af5f94892f3950");
}

TEST(Hash, FloatsAreHashedAsLittleEndianBytes) {
  Hasher hasher;
  hasher.Add(1.0f);
  EXPECT_EQ(hasher.HexDigest(), HexDigestOf(std::string("\x00\x00\x80\x3f", 4)));
}

RC_GTEST_PROP(Hash, DoesNotDependOnThePieces, (const std::string& a, const std::string& b)) {
  Hasher hasher;
  hasher.Add(a);
  const std::string before = hasher.HexDigest();
  RC_ASSERT(before == HexDigestOf(a));
  hasher.Add(b);
  Hasher moved = std::move(hasher);
  RC_ASSERT(moved.HexDigest() == HexDigestOf(a + b));
}

TEST(Hash, EveryBitCounts) {
  std::string bytes(300, 'x');
  const std::string before = HexDigestOf(bytes);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] ^= 1;
    EXPECT_NE(HexDigestOf(bytes), before) << i;
    bytes[i] ^= 1;
  }
}

}  // namespace
}  // namespace crease
