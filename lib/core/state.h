// The state of a computation as bytes, from which it goes on with the same bits.
//
// Values are copied as they lie in memory (little-endian, as everywhere in Crease). Whoever keeps
// the bytes guards them by a checksum; the reader checks lengths alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace crease {

class StateWriter {
 public:
  template <typename T>
  requires std::is_trivially_copyable_v<T>
  void Put(const T& value) { PutBytes(&value, sizeof value); }
  // With its length.
  template <typename T>
  requires std::is_trivially_copyable_v<T>
  void PutAll(std::span<const T> values) {
    Put(static_cast<std::uint64_t>(values.size()));
    PutBytes(values.data(), values.size_bytes());
  }

  std::vector<std::byte> Take() { return std::move(bytes_); }

 private:
  void PutBytes(const void* from, std::size_t count) {
    if (count == 0) return;
    const std::size_t before = bytes_.size();
    bytes_.resize(before + count);
    std::memcpy(bytes_.data() + before, from, count);
  }
  std::vector<std::byte> bytes_;
};

// Reads in the order in which the writer wrote. After anything that does not fit, ok() is false
// and nothing more is read: what was to be filled is left as it is.
class StateReader {
 public:
  explicit StateReader(std::span<const std::byte> bytes) : left_(bytes) {}

  template <typename T>
  requires std::is_trivially_copyable_v<T>
  void Get(T& value) { GetBytes(&value, sizeof value); }
  // Requires what was put to have the length of `values`.
  template <typename T>
  requires std::is_trivially_copyable_v<T>
  void GetAll(std::span<T> values) {
    std::uint64_t count = 0;
    Get(count);
    if (count != values.size()) ok_ = false;
    GetBytes(values.data(), values.size_bytes());
  }
  // Appends what was put, whatever its length.
  template <typename T, typename Allocator>
  requires std::is_trivially_copyable_v<T>
  void GetMore(std::vector<T, Allocator>& values) {
    std::uint64_t count = 0;
    Get(count);
    if (count > left_.size() / sizeof(T)) ok_ = false;
    if (!ok_) return;
    const std::size_t before = values.size();
    values.resize(before + count);
    GetBytes(values.data() + before, count * sizeof(T));
  }

  bool ok() const { return ok_; }
  std::size_t left() const { return left_.size(); }  // bytes
  bool AtEnd() const { return ok_ && left_.empty(); }
  void Refuse() { ok_ = false; }  // what was read makes no sense to whoever reads

 private:
  void GetBytes(void* to, std::size_t count) {
    if (count > left_.size()) ok_ = false;
    if (!ok_ || count == 0) return;
    std::memcpy(to, left_.data(), count);
    left_ = left_.subspan(count);
  }
  std::span<const std::byte> left_;
  bool ok_ = true;
};

}  // namespace crease
