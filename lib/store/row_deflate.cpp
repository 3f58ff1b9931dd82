#include "lib/store/row_deflate.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstring>
#include <vector>

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

// Bit i % 64 of word i / 64: byte i is the same as one row before.
class Repeats {
 public:
  Repeats(std::span<const std::byte> from, std::size_t row) : words_(Words()) {
    words_.assign(from.size() / 64 + 2, 0);
    std::size_t i = row;
    for (; i < from.size() && i % 8 != 0; ++i) Set(i, from[i] == from[i - row]);
    for (; i + 8 <= from.size(); i += 8) {
      words_[i / 64] |= EqualBytes(from.data() + i, from.data() + i - row) << (i % 64);
    }
    for (; i < from.size(); ++i) Set(i, from[i] == from[i - row]);
  }

  // The first of kShortestMatch repeats in a row at or after i; `end` if there is none.
  std::size_t NextMatch(std::size_t i, std::size_t end) const {
    static_assert(kShortestMatch == 3);
    std::uint64_t here = ~std::uint64_t{0} << (i % 64);
    for (std::size_t w = i / 64; w + 1 < words_.size(); ++w) {
      const std::uint64_t word = words_[w], next = words_[w + 1];
      here &= word & ((word >> 1) | (next << 63)) & ((word >> 2) | (next << 62));
      if (here != 0) return w * 64 + static_cast<std::size_t>(std::countr_zero(here));
      here = ~std::uint64_t{0};
    }
    return end;
  }
  // The first byte at or after i that is no repeat.
  std::size_t MatchEnd(std::size_t i) const {
    std::uint64_t here = ~words_[i / 64] & (~std::uint64_t{0} << (i % 64));
    std::size_t w = i / 64;
    while (here == 0) here = ~words_[++w];
    return w * 64 + static_cast<std::size_t>(std::countr_zero(here));
  }

 private:
  // Kept by the thread, because a fresh one for each plane costs more than it is used.
  static std::vector<std::uint64_t>& Words() {
    thread_local std::vector<std::uint64_t> words;
    return words;
  }
  void Set(std::size_t i, bool same) {
    words_[i / 64] |= static_cast<std::uint64_t>(same) << (i % 64);
  }
  // Bit i: byte i of the eight is the same.
  static std::uint64_t EqualBytes(const std::byte* a, const std::byte* b) {
    constexpr std::uint64_t kLow = 0x7f7f7f7f7f7f7f7f, kGather = 0x0002040810204081;
    std::uint64_t x = 0, y = 0;
    std::memcpy(&x, a, 8);
    std::memcpy(&y, b, 8);
    const std::uint64_t differ = x ^ y;
    const std::uint64_t same = ~(((differ & kLow) + kLow) | differ | kLow);
    return (same * kGather) >> 56;
  }

  std::vector<std::uint64_t>& words_;
};

// Writes until there is no room.
class RowWriter {
 public:
  RowWriter(std::span<const std::byte> from, std::size_t row, std::span<std::byte> to)
      : from_(from),
        distance_(DistanceCode(static_cast<std::uint32_t>(row))),
        most_(to.size() - 2 * BitWriter::kSlack),
        writer_(to.data()) {
    writer_.Put({0b010, 3});  // not the last block; fixed codes
    writer_.Flush();
  }

  bool Literals(std::size_t first, std::size_t last) {
    constexpr std::size_t kTogether = 6;  // of 9 bits at most
    for (; first + kTogether <= last; first += kTogether) {
      if (writer_.bytes() > most_) return false;
      for (std::size_t i = 0; i < kTogether; ++i) PutLiteral(first + i);
      writer_.Flush();
    }
    for (; first < last; ++first) PutLiteral(first);
    writer_.Flush();
    return writer_.bytes() <= most_;
  }

  bool Match(std::size_t length) {
    while (length > 0) {
      if (writer_.bytes() > most_) return false;
      std::size_t part = std::min<std::size_t>(length, kLongestMatch);
      // The rest must be long enough for a match, too.
      if (length > part && length - part < kShortestMatch) part -= kShortestMatch;
      writer_.Put(kLengths[part]);
      writer_.Put(distance_);
      writer_.Flush();
      length -= part;
    }
    return true;
  }

  // The bytes written.
  std::size_t End() {
    writer_.Put(FixedCode(256));  // the block's end
    writer_.Put({0, 3});          // not the last block; stored; of no bytes
    writer_.PadToByte();
    writer_.Flush();
    writer_.Put({0xffff0000u, 32});
    writer_.Flush();
    return writer_.bytes();
  }

 private:
  void PutLiteral(std::size_t i) { writer_.Put(kLiterals[std::to_integer<std::size_t>(from_[i])]); }

  std::span<const std::byte> from_;
  const Code distance_;
  const std::size_t most_;
  BitWriter writer_;
};

}  // namespace

std::size_t RowDeflate(std::span<const std::byte> from, std::size_t row, std::span<std::byte> to) {
  assert(row > 0 && row <= kLongestRow);
  if (to.size() < 2 * BitWriter::kSlack) return 0;
  const Repeats repeats(from, row);
  RowWriter writer(from, row, to);
  for (std::size_t i = 0; i < from.size();) {
    const std::size_t match = repeats.NextMatch(i, from.size());
    if (!writer.Literals(i, match)) return 0;
    if (match == from.size()) break;
    i = repeats.MatchEnd(match);
    if (!writer.Match(i - match)) return 0;
  }
  const std::size_t bytes = writer.End();
  return bytes <= to.size() ? bytes : 0;
}

}  // namespace crease::store
