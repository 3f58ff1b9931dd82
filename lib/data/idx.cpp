#include "lib/data/idx.h"

#include <bit>
#include <cstdint>
#include <utility>

#include "lib/core/error.h"
#include "lib/data/bytes.h"

namespace crease::data {
namespace {

enum Type : unsigned { kUint8 = 0x08, kInt8, kInt16 = 0x0b, kInt32, kFloat, kDouble };

constexpr char kRemedy[] =
    "give an IDX file, raw or gzip: 00 00, type, number of extents, big-endian extents, data";

std::uint64_t BigEndian(const std::string& bytes, std::size_t offset, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) {
    value = value << 8 | static_cast<unsigned char>(bytes[offset + i]);
  }
  return value;
}

// Bytes of a number of this type; 0 for unknown types.
std::size_t SizeOf(unsigned type) {
  switch (type) {
    case kUint8:
    case kInt8:
      return 1;
    case kInt16:
      return 2;
    case kInt32:
    case kFloat:
      return 4;
    case kDouble:
      return 8;
    default:
      return 0;
  }
}

// The number of values. Checked against the file before anything of that size is allocated.
std::size_t CheckedCount(const std::string& path, const std::vector<std::size_t>& extents,
                         std::size_t value_bytes, std::size_t data_bytes) {
  std::size_t count = 1;
  std::string shape;
  bool fits = true;
  for (const std::size_t extent : extents) {
    shape += (shape.empty() ? "" : " x ") + std::to_string(extent);
    fits = fits && extent > 0 && count <= data_bytes / extent;
    if (fits) count *= extent;
  }
  if (fits && count * value_bytes == data_bytes) return count;
  throw InputError(path,
                   "the header says " + shape + " numbers of " + std::to_string(value_bytes) +
                       " bytes, but " + std::to_string(data_bytes) + " bytes follow",
                   "get the file again: it is truncated or damaged");
}

}  // namespace

IdxArray::IdxArray(std::string path, std::string bytes)
    : path_(std::move(path)), bytes_(std::move(bytes)) {
  ReadHeader();
  count_ = CheckedCount(path_, extents_, value_bytes_, bytes_.size() - header_bytes_);
}

void IdxArray::ReadHeader() {
  if (bytes_.size() < 4 || bytes_[0] != '\0' || bytes_[1] != '\0') {
    throw InputError(path_, "is no IDX file: it does not begin with two zero bytes", kRemedy);
  }
  type_ = static_cast<unsigned>(BigEndian(bytes_, 2, 1));
  value_bytes_ = SizeOf(type_);
  if (value_bytes_ == 0) {
    throw InputError(path_, "is no IDX file: there is no type " + std::to_string(type_), kRemedy);
  }
  const auto rank = static_cast<std::size_t>(BigEndian(bytes_, 3, 1));
  header_bytes_ = 4 + 4 * rank;
  if (rank == 0 || bytes_.size() < header_bytes_) {
    throw InputError(path_, "the header of the IDX file is incomplete", kRemedy);
  }
  for (std::size_t i = 0; i < rank; ++i) {
    extents_.push_back(static_cast<std::size_t>(BigEndian(bytes_, 4 + 4 * i, 4)));
  }
}

bool IdxArray::holds_integers() const { return type_ <= kInt32; }

double IdxArray::Decode(std::size_t i) const {
  const std::uint64_t bits = BigEndian(bytes_, header_bytes_ + i * value_bytes_, value_bytes_);
  switch (type_) {
    case kUint8:
      return static_cast<double>(bits);
    case kInt8:
      return static_cast<std::int8_t>(bits);
    case kInt16:
      return static_cast<std::int16_t>(bits);
    case kInt32:
      return static_cast<std::int32_t>(bits);
    case kFloat:
      return std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    default:
      return std::bit_cast<double>(bits);
  }
}

IdxArray ReadIdx(const std::string& path) { return {path, ReadFileDecompressed(path)}; }

}  // namespace crease::data
