#include "lib/train/batch.h"

#include <algorithm>
#include <cassert>
#include <numeric>
#include <utility>

#include "lib/core/random.h"
#include "lib/kernels/layout.h"

namespace crease::train {
namespace {

using kernels::OffsetOf;

// Every lane of every group gets a point; those beyond the last repeat it.
template <typename Row>
void PackMatrix(const float* from, std::size_t features, std::size_t points, const Row& row,
                AlignedVector<float>& to) {
  to.resize(PadToLanes(points) * features);
  for (std::size_t p = 0; p < PadToLanes(points); ++p) {
    const float* values = from + row(std::min(p, points - 1)) * features;
    float* lane = to.data() + OffsetOf(p, 0, features);
    for (std::size_t f = 0; f < features; ++f) lane[f * kLanes] = values[f];
  }
}

void OneHot(const AlignedVector<std::int32_t>& labels, std::size_t outputs,
            AlignedVector<float>& targets) {
  targets.assign(labels.size() * outputs, 0.0f);
  for (std::size_t p = 0; p < labels.size(); ++p) {
    if (labels[p] >= 0) targets[OffsetOf(p, static_cast<std::size_t>(labels[p]), outputs)] = 1.0f;
  }
}

}  // namespace

void PackBatch(const data::Dataset& dataset, const data::Split& split,
               std::span<const std::uint32_t> rows, std::size_t first, std::size_t points,
               bool one_hot, Batch& batch) {
  assert(points > 0);
  const auto row = [&](std::size_t p) -> std::size_t {
    return rows.empty() ? first + p : rows[first + p];
  };
  batch.points = points;
  PackMatrix(split.x.data(), dataset.inputs, points, row, batch.x);
  if (dataset.regression) {
    PackMatrix(split.targets.data(), dataset.outputs, points, row, batch.targets);
    return;
  }
  batch.labels.assign(PadToLanes(points), -1);
  for (std::size_t p = 0; p < points; ++p) batch.labels[p] = split.labels[row(p)];
  if (one_hot) OneHot(batch.labels, dataset.outputs, batch.targets);
}

BatchSource::BatchSource(const RunConfig& config, const data::Dataset& dataset)
    : dataset_(dataset),
      seed_(config.seed),
      one_hot_(!dataset.regression && config.loss == Loss::kMse),
      full_(!dataset.fresh &&
            (config.batch == 0 || static_cast<std::size_t>(config.batch) >= dataset.train.points)) {
  const auto batch = static_cast<std::size_t>(config.batch);
  if (dataset.fresh) {
    batch_points_ = batch == 0 ? dataset.fresh->points_per_step : batch;
    fresh_.points = batch_points_;
    fresh_.x.resize(batch_points_ * dataset.inputs);
    return;
  }
  batch_points_ = full_ ? dataset.train.points : batch;
  assert(batch_points_ > 0);
  batches_per_epoch_ = (dataset.train.points + batch_points_ - 1) / batch_points_;
  if (full_) {
    PackBatch(dataset, dataset.train, {}, 0, batch_points_, one_hot_, batch_);
  } else {
    order_.resize(dataset.train.points);
  }
}

const Batch& BatchSource::Of(std::int64_t step) {
  if (dataset_.fresh) {
    DrawFresh(step);
  } else if (!full_) {
    const auto position = static_cast<std::size_t>(step) % batches_per_epoch_;
    const auto epoch =
        static_cast<std::uint32_t>(static_cast<std::size_t>(step) / batches_per_epoch_);
    if (epoch_ != epoch) Shuffle(epoch);
    epoch_ = epoch;
    const std::size_t first = position * batch_points_;
    PackBatch(dataset_, dataset_.train, order_, first,
              std::min(batch_points_, order_.size() - first), one_hot_, batch_);
  }
  return batch_;
}

void BatchSource::Shuffle(std::uint32_t epoch) {
  const RandomStream random(seed_, Purpose::kBatchOrder, epoch);
  std::iota(order_.begin(), order_.end(), 0u);
  for (std::size_t i = order_.size(); i-- > 1;) {
    std::swap(order_[i], order_[random.Below(i, i + 1)]);
  }
}

void BatchSource::DrawFresh(std::int64_t step) {
  data::FillFreshPoints(*dataset_.fresh, dataset_.inputs, seed_, static_cast<std::uint64_t>(step),
                        batch_points_, fresh_.x.data());
  fresh_.targets = fresh_.x;  // the target is the point itself
  PackBatch(dataset_, fresh_, {}, 0, batch_points_, false, batch_);
}

}  // namespace crease::train
