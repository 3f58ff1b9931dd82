#include "lib/detect/bumps.h"

#include <algorithm>
#include <cstddef>
#include <limits>

namespace crease::detect {
namespace {

// In nats. Coming back from less is no drop of its own anyway, and cutting a long low bump would
// put a plateau where the curve goes on falling.
constexpr double kSmallestLongBump = 0.2;
constexpr double kSmallestHighBump = 0.2;
// A bump's recovery that goes on below its level by more than this, in nats, and than its height,
// is a drop of its own that the bump has run into.
constexpr double kSmallestDrop = 0.2;
// The share of its height at which a bump counts as over: the last of it takes long.
constexpr double kRecovered = 0.1;

void Append(ExactCurve& curve, double step, double log_loss, bool bridged) {
  curve.step.push_back(step);
  curve.log_loss.push_back(log_loss);
  curve.bridged.push_back(bridged);
}

// A rise above the point `start`, down to its level again before the point `next`.
struct Bump {
  std::size_t start, next;  // next: the number of points if the curve never comes back
  double crossing = 0;      // the step at which it is back
  double height = 0;        // nats
};

Bump BumpAt(const ExactCurve& curve, std::size_t start) {
  const double level = curve.log_loss[start];
  Bump bump{start, start + 1};
  const auto above = [&](std::size_t i) {
    return curve.log_loss[i] - level - kRecovered * bump.height;
  };
  while (bump.next < curve.step.size() && above(bump.next) >= 0) {
    bump.height = std::max(bump.height, curve.log_loss[bump.next++] - level);
  }
  if (bump.next == curve.step.size()) {
    bump.crossing = curve.step.back();
    return bump;
  }
  const double x = curve.step[bump.next - 1];
  const double before = above(bump.next - 1), after = -above(bump.next);
  bump.crossing = x + before / (before + after) * (curve.step[bump.next] - x);
  return bump;
}

bool IsShort(const ExactCurve& curve, const Bump& bump) {
  const double start = curve.step[bump.start];
  return bump.next < curve.step.size() && bump.crossing - start <= (start - curve.step[0]) / 3;
}

// What is left of low bumps may be noise, and says something about the rate.
bool IsHigh(const Bump& bump) { return bump.height >= kSmallestHighBump; }

bool RunsIntoDrop(const ExactCurve& curve, const Bump& bump) {
  return bump.next < curve.step.size() && curve.log_loss[bump.start] - curve.log_loss[bump.next] >
                                              std::max(kSmallestDrop, bump.height);
}

// What rises in the curve's first moments and is back much later is a warm-up, whose descent is
// the curve's own.
bool IsWarmUp(const ExactCurve& curve, const Bump& bump) {
  const double origin = curve.step[0];
  return bump.crossing - origin > 5 * (curve.step[bump.start] - origin);
}

// Appends the bump's level up to where the curve is back at it.
void Level(const ExactCurve& curve, const Bump& bump, ExactCurve& result) {
  const double level = curve.log_loss[bump.start];
  for (std::size_t i = bump.start + 1; i < bump.next; ++i)
    Append(result, curve.step[i], level, IsHigh(bump));
  if (bump.next == curve.step.size()) return;
  const double x0 = curve.step[bump.next - 1], x1 = curve.step[bump.next];
  const double above = curve.log_loss[bump.next - 1] - level;
  const double below = level - curve.log_loss[bump.next];
  if (below <= 0 || above <= 0) return;
  Append(result, x0 + above / (above + below) * (x1 - x0), level, IsHigh(bump));
}

// Appends the steepest line from the bump's start to the curve after it, no further than the bump
// is long. Returns the first point of the curve after the line's end.
std::size_t Bridge(const ExactCurve& curve, const Bump& bump, ExactCurve& result) {
  const double x0 = curve.step[bump.start], y0 = curve.log_loss[bump.start];
  const double limit = bump.crossing + (bump.crossing - x0);
  double end_x = 0, end_y = 0, steepest = std::numeric_limits<double>::infinity();
  const auto consider = [&](double x, double y) {
    const double slope = (y - y0) / (x - x0);
    if (slope > steepest) return;
    steepest = slope;
    end_x = x;
    end_y = y;
  };
  // The end of a recovery falls ever more slowly; where the curve gets steeper again, something
  // else begins.
  const auto rate = [&](std::size_t i) {
    return (curve.log_loss[i - 1] - curve.log_loss[i]) / (curve.step[i] - curve.step[i - 1]);
  };
  std::size_t point = bump.next;
  bool slowing = true;
  for (; slowing && point < curve.step.size() && curve.step[point] <= limit; ++point) {
    consider(curve.step[point], curve.log_loss[point]);
    slowing = point + 1 < curve.step.size() && rate(point + 1) <= rate(point);
  }
  if (slowing && point < curve.step.size()) {
    const double x1 = curve.step[point - 1], y1 = curve.log_loss[point - 1];
    const double share = (limit - x1) / (curve.step[point] - x1);
    consider(limit, y1 + share * (curve.log_loss[point] - y1));
  }
  Append(result, end_x, end_y, IsHigh(bump));
  point = bump.next;
  while (point < curve.step.size() && curve.step[point] <= end_x) ++point;
  return point;
}

}  // namespace

ExactCurve WithoutBumps(const ExactCurve& curve) {
  ExactCurve result;
  for (std::size_t i = 0; i < curve.step.size();) {
    Append(result, curve.step[i], curve.log_loss[i], false);
    if (i + 1 == curve.step.size() || curve.log_loss[i + 1] <= curve.log_loss[i]) {
      ++i;
      continue;
    }
    const Bump bump = BumpAt(curve, i);
    const bool is_short = IsShort(curve, bump);
    if (is_short && !RunsIntoDrop(curve, bump)) {
      i = Bridge(curve, bump, result);
    } else if (is_short || (bump.height >= kSmallestLongBump && !IsWarmUp(curve, bump))) {
      Level(curve, bump, result);
      i = bump.next;
    } else {
      ++i;
    }
  }
  return result;
}

}  // namespace crease::detect
