// What a training remembers of its steps, whatever is recorded: the losses, the best accuracy and
// the digest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "lib/core/state.h"
#include "lib/train/evaluate.h"
#include "lib/train/result_digest.h"

namespace crease::train {

// The best accuracy over windows of one epoch: a single mini-batch may be right by luck.
class BestAccuracy {
 public:
  explicit BestAccuracy(std::size_t window) : window_(window) {}
  void Add(double accuracy) {
    sum_ += accuracy;
    if (++count_ < window_) return;
    Offer(sum_ / static_cast<double>(count_));
    sum_ = 0.0;
    count_ = 0;
  }
  void Offer(double accuracy) {
    if (!(best_ >= accuracy)) best_ = accuracy;
  }
  double best() const { return best_; }  // NaN if there is none

  void Save(StateWriter& state) const {
    state.Put(static_cast<std::uint64_t>(count_));
    state.Put(sum_);
    state.Put(best_);
  }
  void Restore(StateReader& state) {
    std::uint64_t count = 0;
    state.Get(count);
    state.Get(sum_);
    state.Get(best_);
    count_ = count;
  }

 private:
  std::size_t window_, count_ = 0;
  double sum_ = 0.0, best_ = std::numeric_limits<double>::quiet_NaN();
};

class History {
 public:
  // `batches_per_epoch`: the window of the best accuracy.
  History(std::int64_t steps, bool regression, std::size_t batches_per_epoch)
      : regression_(regression), best_(batches_per_epoch) {
    losses_.reserve(static_cast<std::size_t>(steps));
  }

  // One step; the norms have one entry a linear.
  void Add(const Evaluation& evaluation, std::span<const float> grad_norm,
           std::span<const float> weight_norm, std::span<const float> update_norm) {
    losses_.push_back(static_cast<float>(evaluation.loss));
    digest_.Add(losses_.back());
    if (!regression_) {
      digest_.Add(static_cast<float>(evaluation.accuracy));
      best_.Add(evaluation.accuracy);
    }
    digest_.Add(grad_norm);
    digest_.Add(weight_norm);
    digest_.Add(update_norm);
  }

  const std::vector<float>& losses() const { return losses_; }  // of every step
  BestAccuracy& best() { return best_; }
  ResultDigest& digest() { return digest_; }

  // The losses since the last call: what one entry of a checkpoint's log adds.
  void SaveLosses(StateWriter& state) {
    state.PutAll(std::span<const float>(losses_).subspan(saved_losses_));
    saved_losses_ = losses_.size();
  }
  void RestoreLosses(StateReader& state) {
    state.GetMore(losses_);
    saved_losses_ = losses_.size();
  }
  // The rest, which has no parts.
  void Save(StateWriter& state) const {
    best_.Save(state);
    digest_.Save(state);
  }
  void Restore(StateReader& state) {
    best_.Restore(state);
    digest_.Restore(state);
  }

 private:
  bool regression_;
  std::vector<float> losses_;
  std::size_t saved_losses_ = 0;
  BestAccuracy best_;
  ResultDigest digest_;
};

}  // namespace crease::train
