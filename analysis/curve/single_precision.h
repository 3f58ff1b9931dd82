// Values of any magnitude in single precision.
#pragma once

#include <cstddef>
#include <vector>

namespace crease::curve {

struct SinglePrecision {
  std::vector<float> values;  // in units of `unit`; NaN where that is out of range
  double unit = 1;            // a power of two, so that no digit is lost
  std::size_t out_of_range = 0;
};

// The unit is 1 if single precision holds all values, else the one nearest to 1 in which it holds
// most of them: a curve may reach over 75 powers of ten. Zeros stay zeros. Requires: all finite.
SinglePrecision ToSinglePrecision(const std::vector<double>& values);

}  // namespace crease::curve
