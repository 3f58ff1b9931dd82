// How arrays are cut into chunks, and a chunk's bytes in the file: HDF5's standard filters shuffle,
// deflate and Fletcher-32, computed without HDF5 so that many threads can do it at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace crease::store {

// An array cut along one axis into blocks that are contiguous in memory: chunk = (1, ..., 1, c,
// whole axes), the last c rows of a block possibly beyond the array's end.
class ChunkLayout {
 public:
  // Chooses the axis and c so that a chunk has at most `target_bytes`, or one element.
  // Requires: no axis is empty.
  static ChunkLayout Cut(std::vector<std::size_t> dims, std::size_t element_bytes,
                         std::size_t target_bytes);
  // A given layout. `Valid()` says whether it is of the form above.
  ChunkLayout(std::vector<std::size_t> dims, std::vector<std::size_t> chunk,
              std::size_t element_bytes);

  bool Valid() const;

  const std::vector<std::size_t>& dims() const { return dims_; }
  const std::vector<std::size_t>& chunk() const { return chunk_; }
  std::size_t element_bytes() const { return element_bytes_; }
  std::size_t chunk_bytes() const;
  std::size_t row_elements() const;  // of one entry along the second axis: (run, step, ...)
  std::size_t count() const;         // of chunks

  struct Block {
    std::vector<std::size_t> offset;        // of its first element, axis by axis
    std::size_t first_byte = 0, bytes = 0;  // its part of the array
  };
  Block At(std::size_t index) const;

 private:
  void FindAxis();

  std::vector<std::size_t> dims_, chunk_;
  std::size_t element_bytes_;
  std::size_t axis_ = 0;   // the one that is cut
  std::size_t inner_ = 1;  // elements of one row of that axis
};

inline constexpr std::size_t kChunkTargetBytes = 512u << 10;

struct EncodedChunk {
  std::vector<std::byte> bytes;
  std::uint32_t filter_mask = 0;  // kAllFilters or kNotCompressed
};

// Bits of HDF5's mask of filters left out, in the order shuffle, deflate, Fletcher-32.
inline constexpr std::uint32_t kAllFilters = 0;
inline constexpr std::uint32_t kNotCompressed = 0b011;

// Pads `raw` with zeros to `chunk_bytes`, shuffles, deflates and appends the checksum. What does
// not shrink by a tenth is stored as it is. Rows of `row_elements` are likely to resemble the row
// before. Thread-safe.
EncodedChunk EncodeChunk(std::span<const std::byte> raw, std::size_t chunk_bytes,
                         std::size_t element_bytes, std::size_t row_elements = 1);

// The reverse: `raw` has the chunk's whole size. False if the bytes are not what EncodeChunk makes.
bool DecodeChunk(std::span<const std::byte> bytes, std::uint32_t filter_mask,
                 std::size_t element_bytes, std::span<std::byte> raw);

// HDF5's Fletcher-32 checksum.
std::uint32_t Fletcher32(std::span<const std::byte> bytes);

// The first bytes of all elements, then the second bytes, and so on; and back.
void Shuffle(std::span<const std::byte> from, std::size_t element_bytes, std::byte* to);
void Unshuffle(std::span<const std::byte> from, std::size_t element_bytes, std::byte* to);

}  // namespace crease::store
