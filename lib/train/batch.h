// The points of each step, packed in groups of 16 as the kernels want them.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "lib/core/aligned.h"
#include "lib/data/dataset.h"
#include "lib/train/run_config.h"

namespace crease::train {

// Points in the layout of lib/kernels/layout.h; lanes beyond the last point repeat it, with
// label -1.
struct Batch {
  std::size_t points = 0;
  AlignedVector<float> x;              // (groups, inputs, 16)
  AlignedVector<std::int32_t> labels;  // (groups, 16); empty for regression
  AlignedVector<float> targets;        // (groups, outputs, 16); empty for cross-entropy
};

// Packs the points `rows` of a split (all of them if `rows` is empty and `points` > 0, the first
// `points`). One-hot targets if `one_hot`.
void PackBatch(const data::Dataset& dataset, const data::Split& split,
               std::span<const std::uint32_t> rows, std::size_t first, std::size_t points,
               bool one_hot, Batch& batch);

// Hands out the batch of any step: the whole training split, seeded mini-batches (each epoch a
// fresh permutation, made when its first batch is asked for; the last batch of an epoch may be
// smaller), or fresh draws. Not thread-safe.
class BatchSource {
 public:
  BatchSource(const RunConfig& config, const data::Dataset& dataset);

  const Batch& Of(std::int64_t step);  // valid until the next call

  bool full() const { return full_; }  // every batch is the whole training split, in its order
  const Batch& Whole() const {         // the training split. Requires: full()
    assert(full_);
    return batch_;
  }
  std::size_t max_points() const { return batch_points_; }
  std::size_t batches_per_epoch() const { return batches_per_epoch_; }  // 1 for fresh draws

 private:
  void Shuffle(std::uint32_t epoch);
  void DrawFresh(std::int64_t step);

  const data::Dataset& dataset_;
  std::uint64_t seed_;
  bool one_hot_, full_;
  std::size_t batch_points_, batches_per_epoch_ = 1;
  std::vector<std::uint32_t> order_;  // mini-batches only: of epoch_
  std::optional<std::uint32_t> epoch_;
  data::Split fresh_;  // fresh draws only
  Batch batch_;
};

}  // namespace crease::train
