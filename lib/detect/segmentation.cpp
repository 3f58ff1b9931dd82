#include "lib/detect/segmentation.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "lib/detect/knot_trials.h"

namespace crease::detect {
namespace {

// Takes away, round by round, knots that save less than the penalty: in one round only ones
// that save less than both neighbours, so that no two of them share a segment.
void RemoveCheapKnots(PiecewiseLinearModel& model, double penalty, Knots& knots) {
  while (knots.size() > 2) {
    const auto& statistics = model.Statistics(knots);
    const std::size_t count = knots.size();
    double cheapest = penalty;
    for (std::size_t k = 1; k + 1 < count; ++k) {
      cheapest = std::min(cheapest, statistics[k].cost_of_removal);
    }
    if (cheapest >= penalty) return;
    const double limit = std::min(penalty, std::max(1.5 * cheapest, 0.05 * penalty));
    std::size_t kept = 1;
    for (std::size_t k = 1; k + 1 < count; ++k) {
      const double own = statistics[k].cost_of_removal;
      const bool below_left = k == 1 || own < statistics[k - 1].cost_of_removal;
      const bool below_right = k + 2 == count || own <= statistics[k + 1].cost_of_removal;
      const bool removed = own < penalty && own <= limit && below_left && below_right;
      if (!removed) knots[kept++] = knots[k];
    }
    knots[kept++] = knots[count - 1];
    if (kept == count) return;
    knots.resize(kept);
  }
}

// Looks for better knots one at a time. Nearly all trials fail, and by far: they are dismissed by
// their cost within a margin, and only what may succeed is asked for exactly. The outcome is that
// of exact trials throughout.
class LocalSearch {
 public:
  LocalSearch(PiecewiseLinearModel& model, const SegmentationOptions& options, Knots& knots)
      : model_(model), options_(options), trials_(model), knots_(knots), cost_(model.Cost(knots)) {}

  void Run() {
    for (bool improved = true; improved && work_ < options_.work;) {
      improved = MoveKnots();
      improved = AddKnot() || improved;
      const std::size_t before = knots_.size();
      RemoveCheapKnots(model_, options_.penalty, knots_);
      if (knots_.size() != before) improved = true;
      cost_ = model_.Cost(knots_);
    }
  }

 private:
  bool exhausted() const { return work_ >= options_.work; }

  bool MoveKnots() {
    bool improved = false;
    trials_.Prepare(knots_);
    for (std::size_t k = 1; k + 1 < knots_.size() && !exhausted(); ++k) {
      for (const std::ptrdiff_t step : {16, 8, 4, 2, 1, -1, -2, -4, -8, -16}) {
        while (MoveKnot(k, step)) improved = true;
      }
      trials_.Settle(knots_, k);
    }
    return improved;
  }

  bool MoveKnot(std::size_t k, std::ptrdiff_t step) {
    const auto target = static_cast<std::ptrdiff_t>(knots_[k]) + step;
    if (exhausted() || target <= static_cast<std::ptrdiff_t>(knots_[k - 1]) ||
        target >= static_cast<std::ptrdiff_t>(knots_[k + 1])) {
      return false;
    }
    work_ += knots_.size();
    const auto point = static_cast<std::size_t>(target);
    if (trials_.CostOfMove(knots_, k, point) > cost_ - kGain + trials_.margin()) return false;
    const std::size_t before = knots_[k];
    knots_[k] = point;
    const double cost = model_.Cost(knots_);
    if (cost < cost_ - kGain) {
      cost_ = cost;
      return true;
    }
    knots_[k] = before;
    return false;
  }

  bool AddKnot() {
    if (knots_ == failed_) {
      // As the last time; the work counts all the same.
      work_ += (model_.size() - knots_.size()) * (knots_.size() + 1);
      return false;
    }
    double best = cost_ - options_.penalty - kGain;
    Knots best_knots;
    trials_.Prepare(knots_);
    for (std::size_t k = 1; k < knots_.size() && !exhausted(); ++k) {
      const std::size_t first = knots_[k - 1] + 1;
      const std::vector<double>& costs = trials_.CostsOfAdding(knots_, k);
      for (std::size_t i = 0; i < costs.size() && !exhausted(); ++i) {
        work_ += knots_.size() + 1;
        if (costs[i] > best + trials_.margin()) continue;
        Knots trial = knots_;
        trial.insert(trial.begin() + static_cast<std::ptrdiff_t>(k), first + i);
        const double cost = model_.Cost(trial);
        if (cost < best) {
          best = cost;
          best_knots = std::move(trial);
        }
      }
    }
    if (best_knots.empty()) {
      failed_ = knots_;
      return false;
    }
    knots_ = std::move(best_knots);
    cost_ = best;
    return true;
  }

  // Below this a gain is rounding, and following it could go in circles.
  static constexpr double kGain = 1e-6;

  PiecewiseLinearModel& model_;
  const SegmentationOptions& options_;
  KnotTrials trials_;
  Knots& knots_;
  double cost_;
  Knots failed_;  // those that no knot could be added to
  std::size_t work_ = 0;
};

}  // namespace

PiecewiseLinearFit Segment(PiecewiseLinearModel& model, const SegmentationOptions& options) {
  Knots knots(model.size());
  for (std::size_t i = 0; i < knots.size(); ++i) knots[i] = i;
  RemoveCheapKnots(model, options.penalty, knots);
  LocalSearch(model, options, knots).Run();
  return model.Fit(knots);
}

}  // namespace crease::detect
