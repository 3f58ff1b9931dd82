#include "lib/detect/knot_trials.h"

namespace crease::detect {

void KnotTrials::Prepare(const Knots& knots) {
  const std::size_t count = knots.size();
  left_.resize(count);
  right_.resize(count);
  left_[0] = right_[count - 1] = {};
  for (std::size_t k = 1; k < count; ++k) Settle(knots, k);
  for (std::size_t k = count - 1; k-- > 0;) {
    const auto segment = model_.SegmentBetween(knots[k], knots[k + 1]);
    const End& from = right_[k + 1];
    const double pivot = from.pivot + segment.last, reduced = from.reduced + segment.right_last;
    const double factor = segment.off / pivot;
    right_[k] = {segment.first - factor * segment.off, segment.right_first - factor * reduced,
                 from.explained + reduced * reduced / pivot};
  }
}

void KnotTrials::Settle(const Knots& knots, std::size_t k) {
  const auto segment = model_.SegmentBetween(knots[k - 1], knots[k]);
  const End& from = left_[k - 1];
  const double pivot = from.pivot + segment.first, reduced = from.reduced + segment.right_first;
  const double factor = segment.off / pivot;
  left_[k] = {segment.last - factor * segment.off, segment.right_last - factor * reduced,
              from.explained + reduced * reduced / pivot};
}

const std::vector<double>& KnotTrials::CostsOfAdding(const Knots& knots, std::size_t k) {
  const std::size_t from = knots[k - 1], to = knots[k];
  costs_.resize(to - from - 1);
  for (std::size_t point = from + 1; point < to; ++point) {
    costs_[point - from - 1] = Cost(left_[k - 1], from, point, to, right_[k]);
  }
  return costs_;
}

}  // namespace crease::detect
