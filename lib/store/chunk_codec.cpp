#include "lib/store/chunk_codec.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

#include <libdeflate.h>

#include "lib/store/row_deflate.h"

namespace crease::store {
namespace {

// Level 1 is the fastest by far; trajectories gain little from more (see FORMAT.md).
constexpr int kDeflateLevel = 1;
constexpr std::size_t kChecksumBytes = 4;
// A plane is deflated row by row if that leaves so much of it, else with a search for matches if
// that leaves so much, which takes several times as long.
constexpr double kRowsShare = 0.5, kSearchShare = 0.2;
// Below these agreements of its bytes a plane is noise, as the low bytes of mantissas are, or a
// search is not even tried.
constexpr double kNoiseAgreement = 1.1 / 256, kSearchAgreement = 0.1;

libdeflate_compressor* Compressor() {
  thread_local const std::unique_ptr<libdeflate_compressor, decltype(&libdeflate_free_compressor)>
      compressor(libdeflate_alloc_compressor(kDeflateLevel), &libdeflate_free_compressor);
  if (compressor == nullptr) throw std::bad_alloc();
  return compressor.get();
}

libdeflate_decompressor* Decompressor() {
  thread_local const std::unique_ptr<libdeflate_decompressor,
                                     decltype(&libdeflate_free_decompressor)>
      decompressor(libdeflate_alloc_decompressor(), &libdeflate_free_decompressor);
  if (decompressor == nullptr) throw std::bad_alloc();
  return decompressor.get();
}

// The chance that two bytes drawn at random are the same: 1/256 if all are equally frequent.
double Agreement(const std::array<std::uint32_t, 256>& counts, std::size_t total) {
  double squares = 0;
  for (const double count : counts) squares += count * count;
  const auto size = static_cast<double>(total);
  return squares / (size * size);
}

// The larger agreement of the bytes and of their differences: repetition raises one of them.
double Agreement(std::span<const std::byte> bytes) {
  std::array<std::uint32_t, 256> values{}, differences{};
  std::uint32_t last = 0;
  for (std::byte byte : bytes) {
    const auto value = std::to_integer<std::uint32_t>(byte);
    ++values[value];
    ++differences[(value - last) & 0xffu];
    last = value;
  }
  return std::max(Agreement(values, bytes.size()), Agreement(differences, bytes.size()));
}

enum class Coding { kStored, kRows, kSearch };

// How to write a plane, judged by a sample from its middle. What hardly shrinks is stored:
// deflating it would take longest for the least.
Coding CodingOf(std::span<const std::byte> plane, std::size_t row) {
  constexpr std::size_t kSample = 4096;
  if (plane.size() < kSample) return Coding::kSearch;
  const auto sample = plane.subspan((plane.size() - kSample) / 2, kSample);
  const double agreement = Agreement(sample);
  if (agreement < kNoiseAgreement) return Coding::kStored;
  std::array<std::byte, kSample> deflated;
  constexpr auto kRows = static_cast<std::size_t>(kRowsShare * kSample);
  if (row <= kSample / 4 && RowDeflate(sample, row, std::span(deflated).first(kRows)) > 0) {
    return Coding::kRows;
  }
  if (agreement < kSearchAgreement) return Coding::kStored;
  constexpr auto kSearch = static_cast<std::size_t>(kSearchShare * kSample);
  const bool shrinks = libdeflate_deflate_compress(Compressor(), sample.data(), kSample,
                                                   deflated.data(), kSearch) > 0;
  return shrinks ? Coding::kSearch : Coding::kStored;
}

std::byte* PutBigEndian(std::uint32_t value, std::byte* to) {
  for (unsigned shift = 32; shift > 0; shift -= 8) {
    *to++ = static_cast<std::byte>((value >> (shift - 8)) & 0xffu);
  }
  return to;
}

// Deflate's blocks of bytes as they are: not the last block, type 0, length and its complement.
constexpr std::size_t kLongestStored = 65'535, kStoredHeaderBytes = 5;

std::size_t StoredBytes(std::size_t size) {
  return size + kStoredHeaderBytes * ((size + kLongestStored - 1) / kLongestStored);
}

std::byte* PutStored(std::span<const std::byte> from, std::byte* to) {
  while (!from.empty()) {
    const auto length = static_cast<std::uint32_t>(std::min(from.size(), kLongestStored));
    const std::array<std::uint32_t, kStoredHeaderBytes> header{
        0, length & 0xffu, length >> 8, ~length & 0xffu, (~length >> 8) & 0xffu};
    for (std::uint32_t byte : header) *to++ = static_cast<std::byte>(byte);
    to = std::copy_n(from.begin(), length, to);
    from = from.subspan(length);
  }
  return to;
}

// A zlib stream of one part after the other, each plane of bytes coded as suits it. Returns its
// length in `to`; 0 unless that is long enough.
std::size_t Deflate(std::span<const std::byte> shuffled, std::size_t element_bytes, std::size_t row,
                    std::span<std::byte> to) {
  constexpr std::size_t kHeaderBytes = 2, kTrailerBytes = 4, kEndBytes = 5;
  const std::size_t plane = shuffled.size() / element_bytes;
  const std::size_t most = to.size() - std::min(to.size(), kEndBytes + kTrailerBytes);
  std::size_t at = kHeaderBytes;
  if (at > most) return 0;
  to[0] = std::byte{0x78};
  to[1] = std::byte{0x01};
  std::span<const std::byte> rest = shuffled;
  for (; !rest.empty(); rest = rest.subspan(plane)) {
    const auto bytes = rest.first(plane);
    const Coding coding = CodingOf(bytes, row);
    if (coding == Coding::kSearch) break;
    std::size_t written = 0;
    if (coding == Coding::kRows) {
      written = RowDeflate(bytes, row, to.subspan(at, most - at));
    } else if (at + StoredBytes(plane) <= most) {
      written = static_cast<std::size_t>(PutStored(bytes, to.data() + at) - (to.data() + at));
    }
    if (written == 0) return 0;
    at += written;
  }
  // Of no bytes at all, too: the last block has to be marked as such.
  const std::size_t deflated = libdeflate_deflate_compress(
      Compressor(), rest.data(), rest.size(), to.data() + at, to.size() - kTrailerBytes - at);
  if (deflated == 0) return 0;
  at += deflated;
  PutBigEndian(libdeflate_adler32(1, shuffled.data(), shuffled.size()), to.data() + at);
  return at + kTrailerBytes;
}

// Buffers of a thread, because fresh ones of this size come with page faults.
struct Workspace {
  std::vector<std::byte> padded, shuffled, deflated;
};

void PutLittleEndian(std::uint32_t value, std::byte* to) {
  for (unsigned shift = 0; shift < 32; shift += 8) {
    *to++ = static_cast<std::byte>((value >> shift) & 0xffu);
  }
}

std::uint32_t StoredChecksum(std::span<const std::byte> four) {
  std::uint32_t sum = 0;
  for (unsigned i = 0; i < 4; ++i) sum |= std::to_integer<std::uint32_t>(four[i]) << (8 * i);
  return sum;
}

}  // namespace

ChunkLayout::ChunkLayout(std::vector<std::size_t> dims, std::vector<std::size_t> chunk,
                         std::size_t element_bytes)
    : dims_(std::move(dims)), chunk_(std::move(chunk)), element_bytes_(element_bytes) {
  FindAxis();
}

ChunkLayout ChunkLayout::Cut(std::vector<std::size_t> dims, std::size_t element_bytes,
                             std::size_t target_bytes) {
  std::vector<std::size_t> chunk = dims;
  std::size_t bytes = element_bytes;
  for (std::size_t dim : dims) {
    assert(dim > 0);
    bytes *= dim;
  }
  for (std::size_t axis = 0; axis < dims.size() && bytes > target_bytes; ++axis) {
    const std::size_t row_bytes = bytes / dims[axis];
    const std::size_t most = std::max<std::size_t>(1, target_bytes / row_bytes);
    const std::size_t blocks = (dims[axis] + most - 1) / most;
    chunk[axis] = (dims[axis] + blocks - 1) / blocks;
    bytes = row_bytes * chunk[axis];
  }
  return {std::move(dims), std::move(chunk), element_bytes};
}

void ChunkLayout::FindAxis() {
  axis_ = 0;
  while (axis_ + 1 < dims_.size() && chunk_[axis_] == 1) ++axis_;
  inner_ = 1;
  for (std::size_t i = axis_ + 1; i < dims_.size(); ++i) inner_ *= dims_[i];
}

bool ChunkLayout::Valid() const {
  if (dims_.empty() || chunk_.size() != dims_.size()) return false;
  for (std::size_t i = axis_ + 1; i < dims_.size(); ++i) {
    if (chunk_[i] != dims_[i]) return false;
  }
  return std::all_of(chunk_.begin(), chunk_.end(), [](std::size_t c) { return c > 0; });
}

std::size_t ChunkLayout::chunk_bytes() const { return chunk_[axis_] * inner_ * element_bytes_; }

std::size_t ChunkLayout::row_elements() const {
  std::size_t elements = 1;
  for (std::size_t i = 2; i < dims_.size(); ++i) elements *= dims_[i];
  return elements;
}

std::size_t ChunkLayout::count() const {
  std::size_t count = (dims_[axis_] + chunk_[axis_] - 1) / chunk_[axis_];
  for (std::size_t i = 0; i < axis_; ++i) count *= dims_[i];
  return count;
}

ChunkLayout::Block ChunkLayout::At(std::size_t index) const {
  const std::size_t per_row = (dims_[axis_] + chunk_[axis_] - 1) / chunk_[axis_];
  std::size_t outer = index / per_row;
  const std::size_t start = index % per_row * chunk_[axis_];
  Block block;
  block.first_byte = (outer * dims_[axis_] + start) * inner_ * element_bytes_;
  block.bytes = std::min(chunk_[axis_], dims_[axis_] - start) * inner_ * element_bytes_;
  block.offset.assign(dims_.size(), 0);
  block.offset[axis_] = start;
  for (std::size_t i = axis_; i-- > 0;) {
    block.offset[i] = outer % dims_[i];
    outer /= dims_[i];
  }
  return block;
}

EncodedChunk EncodeChunk(std::span<const std::byte> raw, std::size_t chunk_bytes,
                         std::size_t element_bytes, std::size_t row_elements) {
  assert(raw.size() <= chunk_bytes);
  thread_local Workspace work;
  std::span<const std::byte> whole = raw;
  if (raw.size() < chunk_bytes) {
    work.padded.assign(raw.begin(), raw.end());
    work.padded.resize(chunk_bytes);
    whole = work.padded;
  }
  work.shuffled.resize(chunk_bytes);
  Shuffle(whole, element_bytes, work.shuffled.data());
  work.deflated.resize(chunk_bytes + kChecksumBytes);
  const std::size_t most = chunk_bytes - chunk_bytes / 10;
  std::size_t size =
      Deflate(work.shuffled, element_bytes, row_elements, std::span(work.deflated).first(most));
  EncodedChunk chunk;
  if (size == 0) {
    chunk.filter_mask = kNotCompressed;
    size = chunk_bytes;
    std::copy(whole.begin(), whole.end(), work.deflated.begin());
  }
  PutLittleEndian(Fletcher32(std::span(work.deflated).first(size)), work.deflated.data() + size);
  const auto end = static_cast<std::ptrdiff_t>(size + kChecksumBytes);
  chunk.bytes.assign(work.deflated.begin(), work.deflated.begin() + end);
  return chunk;
}

bool DecodeChunk(std::span<const std::byte> bytes, std::uint32_t filter_mask,
                 std::size_t element_bytes, std::span<std::byte> raw) {
  if (bytes.size() < kChecksumBytes) return false;
  const auto body = bytes.first(bytes.size() - kChecksumBytes);
  if (Fletcher32(body) != StoredChecksum(bytes.last(kChecksumBytes))) return false;
  if (filter_mask == kNotCompressed) {
    if (body.size() != raw.size()) return false;
    std::copy(body.begin(), body.end(), raw.begin());
    return true;
  }
  if (filter_mask != kAllFilters) return false;
  std::vector<std::byte> shuffled(raw.size());
  if (libdeflate_zlib_decompress(Decompressor(), body.data(), body.size(), shuffled.data(),
                                 shuffled.size(), nullptr) != LIBDEFLATE_SUCCESS) {
    return false;
  }
  Unshuffle(shuffled, element_bytes, raw.data());
  return true;
}

// Two running sums of big-endian 16-bit words modulo 65535, where HDF5 keeps 65535 for a sum that
// is a positive multiple of it. A block of n words adds Σ w_i to the first, and n times the first
// plus Σ (n - i) w_i to the second.
std::uint32_t Fletcher32(std::span<const std::byte> bytes) {
  constexpr std::uint32_t kBlockWords = 256;
  std::uint64_t first = 0, second = 0;
  const auto fold = [](std::uint64_t sum) { return sum == 0 ? 0 : (sum - 1) % 65535 + 1; };
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  std::size_t words = bytes.size() / 2;
  while (words > 0) {
    const auto count = static_cast<std::uint32_t>(std::min<std::size_t>(words, kBlockWords));
    std::uint32_t sum = 0, weighted = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::uint32_t word = (static_cast<std::uint32_t>(data[2 * i]) << 8) | data[2 * i + 1];
      sum += word;
      weighted += (count - i) * word;
    }
    second = fold(second + count * first + weighted);
    first = fold(first + sum);
    data += std::size_t{2} * count;
    words -= count;
  }
  if (bytes.size() % 2 == 1) {
    first = fold(first + (static_cast<std::uint64_t>(*data) << 8));
    second = fold(second + first);
  }
  return static_cast<std::uint32_t>((second << 16) | first);
}

void Shuffle(std::span<const std::byte> from, std::size_t element_bytes, std::byte* to) {
  const std::size_t count = from.size() / element_bytes;
  if (element_bytes == 4) {
    const std::byte* in = from.data();
    for (std::size_t i = 0; i < count; ++i) {
      to[i] = in[4 * i];
      to[count + i] = in[4 * i + 1];
      to[2 * count + i] = in[4 * i + 2];
      to[3 * count + i] = in[4 * i + 3];
    }
    return;
  }
  for (std::size_t byte = 0; byte < element_bytes; ++byte) {
    for (std::size_t i = 0; i < count; ++i) *to++ = from[i * element_bytes + byte];
  }
}

void Unshuffle(std::span<const std::byte> from, std::size_t element_bytes, std::byte* to) {
  const std::size_t count = from.size() / element_bytes;
  if (element_bytes == 4) {
    const std::byte* in = from.data();
    for (std::size_t i = 0; i < count; ++i) {
      to[4 * i] = in[i];
      to[4 * i + 1] = in[count + i];
      to[4 * i + 2] = in[2 * count + i];
      to[4 * i + 3] = in[3 * count + i];
    }
    return;
  }
  const std::byte* in = from.data();
  for (std::size_t byte = 0; byte < element_bytes; ++byte) {
    for (std::size_t i = 0; i < count; ++i) to[i * element_bytes + byte] = *in++;
  }
}

}  // namespace crease::store
