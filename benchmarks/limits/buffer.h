// Memory for benchmarks: page-aligned, on huge pages where the system grants them, touched.
#pragma once

#include <cstddef>
#include <memory>

namespace crease::benchmarks {

// Owns `count` floats, all zero, aligned to 2 MiB: what is timed is neither the page table nor the
// first touch of a page.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(std::size_t count);

  float* data() { return data_.get(); }
  const float* data() const { return data_.get(); }
  std::size_t size() const { return count_; }
  float& operator[](std::size_t i) { return data_[i]; }
  const float& operator[](std::size_t i) const { return data_[i]; }

 private:
  struct Free {
    void operator()(float* pointer) const;
  };
  std::unique_ptr<float[], Free> data_;
  std::size_t count_ = 0;
};

}  // namespace crease::benchmarks
