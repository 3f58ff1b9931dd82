#include "lib/train/recorded_array.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <sys/mman.h>
#include <utility>
#include <vector>

namespace crease::train {
namespace {

// Histories of many megabytes are new memory, run after run: the system takes longer to hand out
// pages of 4 KiB than the trainer to fill them.
void PreferLargePages(std::vector<float>& values) {
  constexpr std::size_t kPageBytes = 2u << 20;
  auto* const begin = reinterpret_cast<std::byte*>(values.data());
  const std::size_t bytes = values.capacity() * sizeof(float);
  const std::size_t beyond_page = reinterpret_cast<std::uintptr_t>(begin) % kPageBytes;
  const std::size_t first = (kPageBytes - beyond_page) % kPageBytes;
  if (bytes < first + kPageBytes) return;
  madvise(begin + first, (bytes - first) / kPageBytes * kPageBytes, MADV_HUGEPAGE);
}

}  // namespace

RecordedArray MakeArray(std::string group, std::string name, std::string description,
                        std::string units, std::vector<std::string> dimensions,
                        std::vector<std::size_t> shape) {
  std::size_t count = 1;
  for (const std::size_t length : shape) count *= length;
  RecordedArray array{std::move(group),
                      std::move(name),
                      std::move(description),
                      std::move(units),
                      std::move(dimensions),
                      std::move(shape),
                      {}};
  array.values.reserve(count);
  PreferLargePages(array.values);
  array.values.assign(count, std::numeric_limits<float>::quiet_NaN());
  return array;
}

void SavedRows::Save(StateWriter& state, const std::vector<const RecordedArray*>& arrays,
                     std::size_t done) {
  state.Put(static_cast<std::uint64_t>(done));
  for (const RecordedArray* array : arrays) {
    if (array->values.empty()) continue;
    const std::size_t row = array->values.size() / array->shape[0];
    state.PutAll(std::span(array->values).subspan(saved_ * row, (done - saved_) * row));
  }
  saved_ = done;
}

std::size_t SavedRows::Restore(StateReader& state, const std::vector<RecordedArray*>& arrays) {
  std::uint64_t done = 0;
  state.Get(done);
  for (RecordedArray* array : arrays) {
    if (array->values.empty()) continue;
    if (done < saved_ || done > array->shape[0]) state.Refuse();
    if (!state.ok()) break;
    const std::size_t row = array->values.size() / array->shape[0];
    state.GetAll(std::span(array->values).subspan(saved_ * row, (done - saved_) * row));
  }
  if (state.ok()) saved_ = done;
  return saved_;
}

}  // namespace crease::train
