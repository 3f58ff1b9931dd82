#include "analysis/curve/single_precision.h"

#include <array>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace crease::curve {
namespace {

// Binary exponents (as of ilogb) that a value of single precision can have without losing digits;
// 127 is left out, because it may round up to infinity.
constexpr int kLowest = -126, kHighest = 126, kSpan = kHighest - kLowest + 1;
constexpr int kLowestOfDouble = -1074, kExponents = 2098;

// The shift of exponents, by which most values come into range; of several the smallest.
int BestShift(const std::vector<double>& values) {
  std::array<std::size_t, kExponents + 1> below = {};  // [e]: values of lower exponents
  for (const double value : values) {
    if (value != 0) ++below[static_cast<std::size_t>(std::ilogb(value) - kLowestOfDouble) + 1];
  }
  for (std::size_t e = 1; e < below.size(); ++e) below[e] += below[e - 1];
  int best = 0;
  std::size_t most = 0;
  for (int first = 0; first + kSpan <= kExponents; ++first) {
    const auto from = static_cast<std::size_t>(first);
    const std::size_t held = below[from + static_cast<std::size_t>(kSpan)] - below[from];
    const int shift = first + kLowestOfDouble - kLowest;
    if (held < most || (held == most && std::abs(shift) >= std::abs(best))) continue;
    most = held;
    best = shift;
  }
  return best;
}

}  // namespace

SinglePrecision ToSinglePrecision(const std::vector<double>& values) {
  SinglePrecision result;
  const int shift = BestShift(values);
  result.unit = std::ldexp(1.0, shift);
  result.values.reserve(values.size());
  for (const double value : values) {
    const int exponent = value == 0 ? 0 : std::ilogb(value) - shift;
    const bool held = exponent >= kLowest && exponent <= kHighest;
    result.out_of_range += held ? 0 : 1;
    result.values.push_back(held ? static_cast<float>(std::ldexp(value, -shift))
                                 : std::numeric_limits<float>::quiet_NaN());
  }
  return result;
}

}  // namespace crease::curve
