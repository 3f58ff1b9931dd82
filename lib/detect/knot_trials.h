// What a fit would cost with one knot elsewhere or one more: nearly exact, in constant time.
#pragma once

#include <cstddef>
#include <vector>

#include "lib/detect/piecewise_linear.h"

namespace crease::detect {

// The normal equations are tridiagonal: what lies left of a knot enters a trial as one number pair
// that the elimination from the left leaves there, and so from the right. The answers are rounded
// in another order than PiecewiseLinearModel::Cost; both agree within margin(). Not thread-safe.
class KnotTrials {
 public:
  // Keeps a reference to the model.
  explicit KnotTrials(const PiecewiseLinearModel& model) : model_(model) {}

  // Eliminates from both ends for these knots.
  void Prepare(const Knots& knots);

  // After Prepare, knot by knot from the left: knot k will not move any more. `knots` may differ
  // from the prepared ones up to k.
  void Settle(const Knots& knots, std::size_t k);

  // The cost with inner knot k at `point`, between its neighbours. Requires: Prepare, and Settle
  // of all knots before k.
  double CostOfMove(const Knots& knots, std::size_t k, std::size_t point) const {
    return Cost(left_[k - 1], knots[k - 1], point, knots[k + 1], right_[k + 1]);
  }

  // costs[i]: with one more knot at point knots[k - 1] + 1 + i, for all points before knots[k].
  // Requires: Prepare with the same knots. Valid until the next call.
  const std::vector<double>& CostsOfAdding(const Knots& knots, std::size_t k);

  // Far above the difference to the exact cost, some 1e-14 of the total in the worst of cases, and
  // far below what matters.
  double margin() const { return 1e-9 * model_.total(); }

 private:
  // What an elimination up to a knot leaves of it: its row, without the segment ahead, and the
  // squares that are explained so far.
  struct End {
    double pivot = 0, reduced = 0, explained = 0;
  };
  double Cost(const End& left, std::size_t from, std::size_t point, std::size_t to,
              const End& right) const;

  const PiecewiseLinearModel& model_;
  std::vector<End> left_, right_;  // by knot
  std::vector<double> costs_;
};

inline double KnotTrials::Cost(const End& left, std::size_t from, std::size_t point, std::size_t to,
                               const End& right) const {
  const auto a = model_.SegmentBetween(from, point), b = model_.SegmentBetween(point, to);
  const double left_pivot = left.pivot + a.first, left_reduced = left.reduced + a.right_first;
  const double right_pivot = right.pivot + b.last, right_reduced = right.reduced + b.right_last;
  const double left_inverse = 1 / left_pivot, right_inverse = 1 / right_pivot;
  const double left_factor = a.off * left_inverse, right_factor = b.off * right_inverse;
  const double pivot = a.last + b.first - a.off * left_factor - b.off * right_factor;
  const double reduced =
      a.right_last + b.right_first - left_factor * left_reduced - right_factor * right_reduced;
  return model_.total() - left.explained - right.explained -
         left_reduced * left_reduced * left_inverse -
         right_reduced * right_reduced * right_inverse - reduced * reduced / pivot;
}

}  // namespace crease::detect
