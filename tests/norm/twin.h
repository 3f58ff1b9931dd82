// The normalisations once more, plainly, in long double, from the formulas of lib/norm/norm.h and
// lib/kernels/norm.h. The definition of what is right, up to rounding.
#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

#include "lib/norm/norm.h"

namespace crease::norm {

using Real = long double;
using Reals = std::vector<Real>;

struct Twin {
  Options options;
  std::size_t points = 0;
  Reals x, d_y;        // as the layout says
  Reals weight, bias;  // (width)
  Real alpha = 1;

  // Results, with the size of what rounding errors of each are relative to.
  Reals y, d_x, d_weight, d_bias;
  Reals y_size, d_x_size, d_weight_size, d_bias_size;
  Real d_alpha = 0, d_alpha_size = 0;
  Reals mean, inverse;  // (points, groups)

  std::size_t At(std::size_t point, std::size_t entry) const {
    return options.layout == Layout::kRowMajor ? point * options.width + entry
                                               : entry * points + point;
  }
  void Run();

 private:
  void RunGroup(std::size_t point, std::size_t first, std::size_t count);
};

// Which of a group's values belong to a normalised entry and its derivative.
struct TwinPoint {
  Reals u, slope, along_factor;
  Real mean = 0, inverse = 1;
};
TwinPoint NormaliseTwin(const Options& options, const Reals& x, Real alpha);

}  // namespace crease::norm
