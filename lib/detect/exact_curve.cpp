#include "lib/detect/exact_curve.h"

#include <algorithm>
#include <cstddef>

namespace crease::detect {
namespace {

// The points in [from, to], and the values at both ends.
ExactCurve Part(const ExactCurve& curve, double from, double to) {
  ExactCurve part;
  const auto add = [&](double step, double log_loss) {
    part.step.push_back(step);
    part.log_loss.push_back(log_loss);
  };
  add(from, ValueAt(curve, from));
  for (std::size_t i = 0; i < curve.step.size(); ++i) {
    if (curve.step[i] > from && curve.step[i] < to) add(curve.step[i], curve.log_loss[i]);
  }
  add(to, ValueAt(curve, to));
  return part;
}

// How far point i lies above the line through points a and b.
double Above(const ExactCurve& curve, std::size_t i, std::size_t a, std::size_t b) {
  const double u = (curve.step[i] - curve.step[a]) / (curve.step[b] - curve.step[a]);
  return curve.log_loss[i] - curve.log_loss[a] - u * (curve.log_loss[b] - curve.log_loss[a]);
}

}  // namespace

double ValueAt(const ExactCurve& curve, double step) {
  const auto after = std::lower_bound(curve.step.begin() + 1, curve.step.end() - 1, step);
  const auto k = static_cast<std::size_t>(after - curve.step.begin());
  const double u = (step - curve.step[k - 1]) / (curve.step[k] - curve.step[k - 1]);
  return curve.log_loss[k - 1] + u * (curve.log_loss[k] - curve.log_loss[k - 1]);
}

double GapToConvexHull(const ExactCurve& curve, double from, double to) {
  if (!(from < to)) return 0;
  const ExactCurve part = Part(curve, from, to);
  std::vector<std::size_t> hull;
  for (std::size_t i = 0; i < part.step.size(); ++i) {
    while (hull.size() >= 2 && Above(part, hull.back(), hull[hull.size() - 2], i) >= 0) {
      hull.pop_back();
    }
    hull.push_back(i);
  }
  double gap = 0;
  for (std::size_t i = 0, k = 0; i < part.step.size(); ++i) {
    while (k + 2 < hull.size() && hull[k + 1] < i) ++k;
    gap = std::max(gap, Above(part, i, hull[k], hull[k + 1]));
  }
  return gap;
}

double ShareBelow(const ExactCurve& curve, double log_loss, double from, double to) {
  to = std::min(to, curve.step.back());
  if (!(from < to)) return 1;
  const ExactCurve part = Part(curve, from, to);
  double below = 0;
  for (std::size_t i = 1; i < part.step.size(); ++i) {
    const double length = part.step[i] - part.step[i - 1];
    const auto [low, high] = std::minmax(part.log_loss[i - 1], part.log_loss[i]);
    below += length * (high <= log_loss  ? 1
                       : low >= log_loss ? 0
                                         : (log_loss - low) / (high - low));
  }
  return below / (to - from);
}

}  // namespace crease::detect
