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
  bool holds_unsigned_bytes() const;
  bool holds_integers() const;
  double Value(std::size_t i) const;  // row-major

 private:
  void ReadHeader();

  std::string path_, bytes_;
  unsigned type_ = 0;
  std::size_t header_bytes_ = 0, value_bytes_ = 0, count_ = 0;
  std::vector<std::size_t> extents_;
};

// Reads the file, raw or gzip. Throws as ReadFileDecompressed and the constructor do.
IdxArray ReadIdx(const std::string& path);

}  // namespace crease::data
