// Deflate for arrays whose rows resemble the row before: the only matches are one row back, and
// the only codes deflate's fixed ones. Several times faster than a search for matches.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace crease::store {

// Deflate's matches reach so far back.
inline constexpr std::size_t kLongestRow = 32'768;

// Writes one block that is not the last, then an empty stored block, so that what follows starts at
// a byte. Returns the bytes written; 0 if they would be more than `to` holds. Requires: 0 < row <=
// kLongestRow. Thread-safe.
std::size_t RowDeflate(std::span<const std::byte> from, std::size_t row, std::span<std::byte> to);

}  // namespace crease::store
