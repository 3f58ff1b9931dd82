// Chunks: cut and put together again, encoded and decoded.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <random>
#include <span>
#include <vector>

#include <gtest/gtest.h>
#include <libdeflate.h>
#include <rapidcheck/gtest.h>

#include "lib/store/chunk_codec.h"
#include "lib/store/row_deflate.h"

namespace crease::store {
namespace {

std::vector<std::byte> Bytes(const std::vector<unsigned>& values) {
  std::vector<std::byte> bytes;
  for (unsigned value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

// The definition, term by term: words are big-endian, sums are taken modulo 65535.
std::uint32_t Fletcher32ByDefinition(const std::vector<std::byte>& bytes) {
  std::uint64_t first = 0, second = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    std::uint64_t word = std::to_integer<std::uint64_t>(bytes[i]) << 8;
    if (i + 1 < bytes.size()) word |= std::to_integer<std::uint64_t>(bytes[i + 1]);
    first += word;
    second += first;
  }
  const auto reduce = [](std::uint64_t sum) { return sum == 0 ? 0 : (sum - 1) % 65535 + 1; };
  return static_cast<std::uint32_t>((reduce(second) << 16) | reduce(first));
}

RC_GTEST_PROP(Fletcher32, IsItsDefinition, (const std::vector<unsigned char>& values)) {
  const std::vector<std::byte> bytes = Bytes({values.begin(), values.end()});
  RC_ASSERT(Fletcher32(bytes) == Fletcher32ByDefinition(bytes));
}

TEST(Fletcher32, OfLongAndExtremeInputs) {
  for (std::size_t size : {0, 1, 2, 511, 512, 513, 514, 100'000, 100'001}) {
    for (unsigned value : {0U, 1U, 255U}) {
      const std::vector<std::byte> bytes(size, static_cast<std::byte>(value));
      EXPECT_EQ(Fletcher32(bytes), Fletcher32ByDefinition(bytes)) << size << " of " << value;
    }
  }
}

RC_GTEST_PROP(Shuffle, IsUndone, ()) {
  const auto width = *rc::gen::inRange<std::size_t>(1, 20);
  const auto values = *rc::gen::container<std::vector<unsigned>>(
      *rc::gen::inRange<std::size_t>(0, 30) * width, rc::gen::inRange(0U, 256U));
  const std::vector<std::byte> bytes = Bytes(values);
  std::vector<std::byte> shuffled(bytes.size()), back(bytes.size());
  Shuffle(bytes, width, shuffled.data());
  Unshuffle(shuffled, width, back.data());
  RC_ASSERT(back == bytes);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    RC_ASSERT(shuffled[i % width * (bytes.size() / width) + i / width] == bytes[i]);
  }
}

RC_GTEST_PROP(Chunks, CoverTheArrayOnceAndStayBelowTheTarget, ()) {
  const auto dims = *rc::gen::suchThat(
      rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(1, 9)),
      [](const auto& d) { return !d.empty() && d.size() < 5; });
  const auto target = *rc::gen::inRange<std::size_t>(4, 2000);
  const ChunkLayout layout = ChunkLayout::Cut(dims, 4, target);
  RC_ASSERT(layout.Valid());
  RC_ASSERT(layout.chunk_bytes() <= std::max<std::size_t>(target, 4));
  std::size_t next = 0;
  for (std::size_t i = 0; i < layout.count(); ++i) {
    const ChunkLayout::Block block = layout.At(i);
    RC_ASSERT(block.first_byte == next);
    RC_ASSERT(block.bytes > 0 && block.bytes <= layout.chunk_bytes());
    std::size_t element = 0;
    for (std::size_t axis = 0; axis < dims.size(); ++axis) {
      RC_ASSERT(block.offset[axis] % layout.chunk()[axis] == 0);
      element = element * dims[axis] + block.offset[axis];
    }
    RC_ASSERT(element * 4 == block.first_byte);
    next += block.bytes;
  }
  RC_ASSERT(next == std::accumulate(dims.begin(), dims.end(), std::size_t{4}, std::multiplies<>()));
}

std::vector<std::byte> Smooth(std::size_t size) {
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i / 64);
  return bytes;
}

std::vector<std::byte> Noise(std::size_t size) {
  std::mt19937 random(1);
  std::vector<std::byte> bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

TEST(EncodeChunk, IsDecoded) {
  for (std::size_t size : {4, 400, 4000, 400'000}) {
    for (const std::vector<std::byte>& raw : {Smooth(size), Noise(size)}) {
      const EncodedChunk chunk = EncodeChunk(raw, size + 40, 4);
      std::vector<std::byte> back(size + 40);
      ASSERT_TRUE(DecodeChunk(chunk.bytes, chunk.filter_mask, 4, back));
      EXPECT_TRUE(std::equal(raw.begin(), raw.end(), back.begin()));
      for (std::size_t i = size; i < back.size(); ++i) EXPECT_EQ(back[i], std::byte{0});
    }
  }
}

// What RowDeflate writes, ended by an empty last block, as zlib reads it.
std::vector<std::byte> Inflated(std::span<const std::byte> deflated, std::size_t size) {
  std::vector<std::byte> stream(deflated.begin(), deflated.end()), back(size + 1);
  stream.insert(stream.end(), {std::byte{0x03}, std::byte{0x00}});
  libdeflate_decompressor* decompressor = libdeflate_alloc_decompressor();
  std::size_t read = 0, written = 0;
  const auto result = libdeflate_deflate_decompress_ex(decompressor, stream.data(), stream.size(),
                                                       back.data(), back.size(), &read, &written);
  libdeflate_free_decompressor(decompressor);
  EXPECT_EQ(result, LIBDEFLATE_SUCCESS);
  EXPECT_EQ(read, stream.size());
  back.resize(written);
  return back;
}

// Rows that repeat the one before but for some bytes: matches of all lengths, from none to longer
// than deflate's longest.
RC_GTEST_PROP(RowDeflate, IsInflated, (std::uint32_t seed)) {
  const auto row = *rc::gen::oneOf(rc::gen::inRange<std::size_t>(1, 20),
                                   rc::gen::element<std::size_t>(193, 4097, 24577, 32768));
  const auto size = *rc::gen::inRange<std::size_t>(0, 100'000);
  const auto changes = *rc::gen::element<std::uint32_t>(1, 2, 5, 100, 1000, 1'000'000);
  std::mt19937 random(seed);
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i) {
    const bool changed = i < row || random() % changes == 0;
    bytes[i] = changed ? static_cast<std::byte>(random()) : bytes[i - row];
  }
  std::vector<std::byte> deflated(size + size / 8 + 64);
  const std::size_t written = RowDeflate(bytes, row, deflated);
  RC_ASSERT(written > 0U);
  RC_ASSERT(Inflated(std::span(deflated).first(written), size) == bytes);
  // What does not fit is refused, and nothing beyond the end is touched.
  const std::size_t room = *rc::gen::inRange<std::size_t>(0, written);
  std::vector<std::byte> small(room + 64, std::byte{0xa5});
  const std::size_t fitted = RowDeflate(bytes, row, std::span(small).first(room));
  RC_ASSERT(fitted == 0U);
  RC_ASSERT(std::all_of(small.begin() + static_cast<std::ptrdiff_t>(room), small.end(),
                        [](std::byte byte) { return byte == std::byte{0xa5}; }));
}

TEST(RowDeflate, EveryLengthAndEveryLiteral) {
  for (std::size_t length = 0; length <= 600; ++length) {
    std::vector<std::byte> bytes(7 + length, std::byte{1});
    for (unsigned value = 0; value < 256; ++value) bytes.push_back(static_cast<std::byte>(value));
    std::vector<std::byte> deflated(2 * bytes.size() + 64);
    const std::size_t written = RowDeflate(bytes, 7, deflated);
    EXPECT_EQ(Inflated(std::span(deflated).first(written), bytes.size()), bytes) << length;
  }
}

// Weights that move slowly: the high bytes repeat from row to row.
TEST(EncodeChunk, RowsLikeTheOneBeforeAreCompressed) {
  std::mt19937 random(1);
  std::vector<float> weights(9, 1.0F);
  for (std::size_t i = 9; i < 90'000; ++i) {
    weights.push_back(weights[i - 9] + (static_cast<float>(random() % 1000) - 500) * 1e-6F);
  }
  const auto raw = std::as_bytes(std::span(weights));
  const EncodedChunk chunk = EncodeChunk(raw, raw.size(), 4, 9);
  EXPECT_EQ(chunk.filter_mask, kAllFilters);
  EXPECT_LT(chunk.bytes.size(), raw.size() * 2 / 3);
  std::vector<std::byte> back(raw.size());
  ASSERT_TRUE(DecodeChunk(chunk.bytes, chunk.filter_mask, 4, back));
  EXPECT_TRUE(std::equal(raw.begin(), raw.end(), back.begin()));
}

// Smooth curves: the low bytes of the mantissa are noise, the high ones are not.
TEST(EncodeChunk, NoisyPlanesAreStoredAndTheRestIsCompressed) {
  std::mt19937 random(1);
  std::vector<float> curve;
  for (int i = 0; i < 100'000; ++i) {
    curve.push_back(1 + static_cast<float>(random() % 65'536) * 0x1p-23F);
  }
  const auto raw = std::as_bytes(std::span(curve));
  const EncodedChunk chunk = EncodeChunk(raw, raw.size(), 4);
  EXPECT_EQ(chunk.filter_mask, kAllFilters);
  EXPECT_LT(chunk.bytes.size(), raw.size() * 6 / 10);
  EXPECT_EQ(chunk.bytes[2], std::byte{0}) << "no stored block";
  std::vector<std::byte> back(raw.size());
  ASSERT_TRUE(DecodeChunk(chunk.bytes, chunk.filter_mask, 4, back));
  EXPECT_TRUE(std::equal(raw.begin(), raw.end(), back.begin()));
}

TEST(EncodeChunk, NoiseIsStoredAsItIs) {
  EXPECT_EQ(EncodeChunk(Noise(40'000), 40'000, 4).filter_mask, kNotCompressed);
  EXPECT_EQ(EncodeChunk(Noise(40'000), 40'000, 4).bytes.size(), 40'004U);
  EXPECT_EQ(EncodeChunk(Smooth(40'000), 40'000, 4).filter_mask, kAllFilters);
}

TEST(DecodeChunk, RefusesWhatIsNotRight) {
  const std::vector<std::byte> raw = Smooth(4000);
  const EncodedChunk chunk = EncodeChunk(raw, 4000, 4);
  std::vector<std::byte> back(4000), other(3996);
  EXPECT_FALSE(DecodeChunk(chunk.bytes, kNotCompressed, 4, back));
  EXPECT_FALSE(DecodeChunk(chunk.bytes, 0b111, 4, back));
  EXPECT_FALSE(DecodeChunk(chunk.bytes, kAllFilters, 4, other));
  EXPECT_FALSE(DecodeChunk({}, kAllFilters, 4, back));
  for (std::size_t i = 0; i < chunk.bytes.size(); ++i) {
    std::vector<std::byte> damaged = chunk.bytes;
    damaged[i] ^= std::byte{0x10};
    EXPECT_FALSE(DecodeChunk(damaged, kAllFilters, 4, back)) << i;
  }
}

}  // namespace
}  // namespace crease::store
