// Derivatives by finite differences with an estimate of their own error.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

namespace crease::model {

struct Derivative {
  double value = 0.0, error = 0.0;
};

// Central differences at steps h, h/2, h/4, ..., extrapolated to 0 by Neville's scheme in h^2
// (Ridders 1982). Truncation falls as h^(2k) along the scheme while rounding grows as eps / h; the
// best entry is where neighbours agree most, and their difference estimates its error.
template <typename Function>
Derivative Differentiate(const Function& f, double x, double h = 0.1) {
  constexpr int kLevels = 12;
  double previous[kLevels], current[kLevels];
  Derivative best = {0.0, std::numeric_limits<double>::infinity()};
  for (int level = 0; level < kLevels; ++level, h /= 2.0) {
    current[0] = (f(x + h) - f(x - h)) / ((x + h) - (x - h));
    double factor = 4.0;
    for (int k = 1; k <= level; ++k, factor *= 4.0) {
      current[k] = current[k - 1] + (current[k - 1] - previous[k - 1]) / (factor - 1.0);
      const double error =
          std::max(std::abs(current[k] - current[k - 1]), std::abs(current[k] - previous[k - 1]));
      if (error < best.error) best = {current[k], error};
    }
    std::copy(current, current + level + 1, previous);
  }
  return best;
}

}  // namespace crease::model
