// IDX, the format of MNIST: a magic number, big-endian extents, then the numbers themselves.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace crease::data {

// An array that keeps the bytes of its file and decodes them when asked: images stay small.
class IdxArray {
 public:
  // Takes the bytes of a file, decompressed; `path` is the place that errors name. Throws
  // Error(kInput) unless the header is valid, has no empty extent and fits the size exactly.
  IdxArray(std::string path, std::string bytes);

  const std::string& path() const { return path_; }
  const std::vector<std::size_t>& extents() const { return extents_; }
  std::size_t points() const { return extents_[0]; }
  std::size_t values_per_point() const { return count_ / extents_[0]; }
  bool holds_unsigned_bytes() const { return type_ == kUnsignedByte; }
  bool holds_integers() const;
  // Number i, row-major.
  double Value(std::size_t i) const {
    return holds_unsigned_bytes()
               ? static_cast<double>(static_cast<unsigned char>(bytes_[header_bytes_ + i]))
               : Decode(i);
  }

 private:
  static constexpr unsigned kUnsignedByte = 0x08;

  void ReadHeader();
  double Decode(std::size_t i) const;

  std::string path_, bytes_;
  unsigned type_ = 0;
  std::size_t header_bytes_ = 0, value_bytes_ = 0, count_ = 0;
  std::vector<std::size_t> extents_;
};

// Reads the file, raw or gzip. Throws as ReadFileDecompressed and the constructor do.
IdxArray ReadIdx(const std::string& path);

}  // namespace crease::data
