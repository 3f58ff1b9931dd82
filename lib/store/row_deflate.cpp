#include "lib/store/row_deflate.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstring>

namespace crease::store {
namespace {

constexpr std::uint32_t kShortestMatch = 3, kLongestMatch = 258;

struct Code {
  std::uint32_t bits = 0;  // the first one lowest
  std::uint32_t count = 0;
};

// Huffman codes come with their highest bit first, all else with the lowest (RFC 1951, 3.1.1).
constexpr std::uint32_t Reversed(std::uint32_t code, std::uint32_t count) {
  std::uint32_t reversed = 0;
  for (std::uint32_t i = 0; i < count; ++i) reversed = (reversed << 1) | ((code >> i) & 1u);
  return reversed;
}

// The fixed codes of literals and lengths (RFC 1951, 3.2.6).
constexpr Code FixedCode(std::uint32_t symbol) {
  if (symbol < 144) return {Reversed(0x30 + symbol, 8), 8};
  if (symbol < 256) return {Reversed(0x190 + symbol - 144, 9), 9};
  if (symbol < 280) return {Reversed(symbol - 256, 7), 7};
  return {Reversed(0xc0 + symbol - 280, 8), 8};
}

// Lengths and distances come in ranges, `first_ranges` of one value each, then so many of 2, of 4,
// of 8, ...; which range it is and the offset into it (RFC 1951, 3.2.5).
struct Ranged {
  std::uint32_t range = 0, offset = 0, offset_bits = 0;
};
constexpr Ranged RangeOf(std::uint32_t value, std::uint32_t first_ranges, std::uint32_t doubling) {
  Ranged ranged;
  std::uint32_t begin = 0;
  while (begin + (1u << ranged.offset_bits) <= value) {
    begin += 1u << ranged.offset_bits;
    ++ranged.range;
    if (ranged.range >= first_ranges && ranged.range % doubling == 0) ++ranged.offset_bits;
  }
  ranged.offset = value - begin;
  return ranged;
}

constexpr Code LengthCode(std::uint32_t length) {
  if (length == kLongestMatch) return FixedCode(285);
  const Ranged ranged = RangeOf(length - kShortestMatch, 8, 4);
  const Code code = FixedCode(257 + ranged.range);
  return {code.bits | (ranged.offset << code.count), code.count + ranged.offset_bits};
}

constexpr Code DistanceCode(std::uint32_t distance) {
  const Ranged ranged = RangeOf(distance - 1, 4, 2);
  return {Reversed(ranged.range, 5) | (ranged.offset << 5), 5 + ranged.offset_bits};
}

constexpr auto kLiterals = [] {
  std::array<Code, 256> codes;
  for (std::uint32_t value = 0; value < 256; ++value) codes[value] = FixedCode(value);
  return codes;
}();
constexpr auto kLengths = [] {
  std::array<Code, kLongestMatch + 1> codes;
  for (std::uint32_t n = kShortestMatch; n <= kLongestMatch; ++n) codes[n] = LengthCode(n);
  return codes;
}();

// Room for at least kSlack more bytes is the caller's to see to.
class BitWriter {
 public:
  static constexpr std::size_t kSlack = 16;

  explicit BitWriter(std::byte* to) : begin_(to), to_(to) {}
  std::size_t bytes() const { return static_cast<std::size_t>(to_ - begin_); }

  // At most 56 bits between two calls of Flush.
  void Put(Code code) {
    bits_ |= static_cast<std::uint64_t>(code.bits) << count_;
    count_ += code.count;
  }
  void Flush() {
    std::memcpy(to_, &bits_, sizeof bits_);
    to_ += count_ / 8;
    bits_ >>= count_ / 8 * 8;
    count_ %= 8;
  }
  void PadToByte() { count_ = (count_ + 7) / 8 * 8; }

 private:
  static_assert(std::endian::native == std::endian::little);
  std::byte* begin_;
  std::byte* to_;
  std::uint64_t bits_ = 0;
  std::uint32_t count_ = 0;
};

// How many of the first `most` bytes are the same as one row before.
std::size_t MatchLength(const std::byte* from, std::size_t row, std::size_t most) {
  std::size_t length = 0;
  for (; length + 8 <= most; length += 8) {
    std::uint64_t here = 0, before = 0;
    std::memcpy(&here, from + length, 8);
    std::memcpy(&before, from + length - row, 8);
    if (here != before)
      return length + static_cast<std::size_t>(std::countr_zero(here ^ before)) / 8;
  }
  while (length < most && from[length] == from[length - row]) ++length;
  return length;
}

}  // namespace

std::size_t RowDeflate(std::span<const std::byte> from, std::size_t row, std::span<std::byte> to) {
  assert(row > 0 && row <= kLongestRow);
  if (to.size() < 2 * BitWriter::kSlack) return 0;
  const std::size_t most = to.size() - 2 * BitWriter::kSlack;
  const Code distance = DistanceCode(static_cast<std::uint32_t>(row));
  BitWriter writer(to.data());
  writer.Put({0b010, 3});  // not the last block; fixed codes
  for (std::size_t i = 0; i < from.size();) {
    if (writer.bytes() > most) return 0;
    const std::size_t left = from.size() - i;
    const std::size_t match =
        i < row ? 0 : MatchLength(from.data() + i, row, std::min<std::size_t>(kLongestMatch, left));
    if (match >= kShortestMatch) {
      writer.Put(kLengths[match]);
      writer.Put(distance);
      i += match;
    } else {
      // With the byte that ends the match: it is no match either.
      for (const std::size_t end = i + std::min(match + 1, left); i < end; ++i) {
        writer.Put(kLiterals[std::to_integer<std::size_t>(from[i])]);
      }
    }
    writer.Flush();
  }
  writer.Put(FixedCode(256));  // the block's end
  writer.Put({0, 3});          // not the last block; stored; of no bytes
  writer.PadToByte();
  writer.Flush();
  writer.Put({0xffff0000u, 32});
  writer.Flush();
  return writer.bytes() <= to.size() ? writer.bytes() : 0;
}

}  // namespace crease::store
