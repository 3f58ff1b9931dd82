// The steps of a training allocate nothing: what a longer run allocates beyond a shorter one is
// what it records and evaluates once, not what it does a step.
#include <atomic>
#include <cstdlib>
#include <new>

#include <gtest/gtest.h>

#include "lib/train/trainer.h"
#include "tests/train/tiny_runs.h"

// Sanitizers bring operators of their own, which do not mix with these.
#if !defined(CREASE_SANITIZED)
#define CREASE_COUNTS_ALLOCATIONS 1
#else
#define CREASE_COUNTS_ALLOCATIONS 0
#endif

namespace {
std::atomic<long> allocations{0};
}  // namespace

#if CREASE_COUNTS_ALLOCATIONS
namespace {
void* Allocate(std::size_t size, std::size_t alignment) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  const std::size_t padded = (size + alignment - 1) / alignment * alignment;
  if (void* pointer = std::aligned_alloc(alignment, padded == 0 ? alignment : padded)) {
    return pointer;
  }
  throw std::bad_alloc();
}
}  // namespace

void* operator new(std::size_t size) { return Allocate(size, alignof(std::max_align_t)); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return Allocate(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* pointer) noexcept { std::free(pointer); }
void operator delete(void* pointer, std::size_t) noexcept { std::free(pointer); }
void operator delete(void* pointer, std::align_val_t) noexcept { std::free(pointer); }
void operator delete(void* pointer, std::size_t, std::align_val_t) noexcept { std::free(pointer); }
#endif

namespace crease::train {
namespace {

// Allocations between the first progress call and the last, the steps alone.
long AllocationsDuringSteps(RunConfig config, const RecordOptions& recording) {
  config.steps = 100000;
  const data::Dataset dataset = data::Load(config.data);
  long first = 0, last = 0, calls = 0;
  Train(config, dataset, recording, {.on_progress = [&](std::int64_t) {
          last = allocations.load();
          if (calls++ == 0) first = last;
        }});
  EXPECT_GT(first, 0) << "the counter must count";
  EXPECT_GE(calls, 2);
  return last - first;
}

TEST(Allocation, StepsAllocateNothing) {
  if (!CREASE_COUNTS_ALLOCATIONS) GTEST_SKIP() << "not under a sanitizer";
  RunConfig full = TinyConfig();
  EXPECT_EQ(AllocationsDuringSteps(full, NothingRecorded()), 0);
  RecordOptions everything = EverythingRecorded();
  everything.activation_points = 8;
  EXPECT_EQ(AllocationsDuringSteps(full, everything), 0);

  RunConfig mini = full;
  mini.batch = 32;
  mini.loss = Loss::kMse;
  EXPECT_EQ(AllocationsDuringSteps(mini, everything), 0);

  RunConfig toy = full;
  toy.data.task = "toy_regression";
  toy.loss = Loss::kMse;
  toy.model.norm = model::Norm::kLayerNorm;
  toy.model.affine = true;
  EXPECT_EQ(AllocationsDuringSteps(toy, everything), 0);
}

}  // namespace
}  // namespace crease::train
