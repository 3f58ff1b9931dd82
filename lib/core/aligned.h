// Buffers aligned to a cache line, which is also the widest vector register.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace crease {

inline constexpr std::size_t kAlignmentBytes = 64;

// Points are processed in groups of this many, whatever the hardware's vector width, so that
// every sum over points has the same order on every machine.
inline constexpr std::size_t kLanes = 16;

// The smallest multiple of kLanes that is >= count.
constexpr std::size_t PadToLanes(std::size_t count) {
  return (count + kLanes - 1) / kLanes * kLanes;
}

template <typename T>
struct AlignedAllocator {
  using value_type = T;
  AlignedAllocator() = default;
  template <typename U>
  explicit AlignedAllocator(const AlignedAllocator<U>&) {}
  T* allocate(std::size_t count) {
    return static_cast<T*>(::operator new (count * sizeof(T), std::align_val_t{kAlignmentBytes}));
  }
  void deallocate(T* pointer, std::size_t) {
    ::operator delete (pointer, std::align_val_t{kAlignmentBytes});
  }
  template <typename U>
  bool operator==(const AlignedAllocator<U>&) const {
    return true;
  }
};

template <typename T>
using AlignedVector = std::vector<T, AlignedAllocator<T>>;

}  // namespace crease
