// A curve that is known exactly, and questions about it.
#pragma once

#include <vector>

namespace crease::detect {

// A curve y(s) that is linear between its points; s increasing.
struct ExactCurve {
  std::vector<double> step;
  std::vector<double> log_loss;
  // Empty, or by point: 1 where the line that ends there stands in for something cut out.
  std::vector<char> bridged = {};
};

// Requires: at least two points. Beyond the ends the first and the last line go on.
double ValueAt(const ExactCurve& curve, double step);

// By how much the curve in [from, to] lies above its convex hull at the worst of places, nats. A
// log-convex curve has none; a plateau of length P before a drop of D nats in W steps has
// D P / (P + W).
double GapToConvexHull(const ExactCurve& curve, double from, double to);

// The share of the steps in [from, to], or of those up to the curve's end, in which it is below
// `log_loss`; 1 if there are none.
double ShareBelow(const ExactCurve& curve, double log_loss, double from, double to);

}  // namespace crease::detect
