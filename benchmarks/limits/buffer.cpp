#include "benchmarks/limits/buffer.h"

#include <cstdlib>
#include <cstring>
#include <new>
#include <sys/mman.h>

namespace crease::benchmarks {

Buffer::Buffer(std::size_t count) : count_(count) {
  constexpr std::size_t kHugePage = std::size_t{2} << 20;
  const std::size_t bytes = (count * sizeof(float) + kHugePage - 1) / kHugePage * kHugePage;
  void* memory = std::aligned_alloc(kHugePage, bytes);
  if (memory == nullptr) throw std::bad_alloc();
  // A wish; small pages serve as well, only slower.
  madvise(memory, bytes, MADV_HUGEPAGE);
  std::memset(memory, 0, bytes);
  data_.reset(static_cast<float*>(memory));
}

void Buffer::Free::operator()(float* pointer) const { std::free(pointer); }

}  // namespace crease::benchmarks
