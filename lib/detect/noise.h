// How noisy a curve is, at every time scale.
#pragma once

#include <cstddef>
#include <vector>

#include "lib/detect/ticks.h"

namespace crease::detect {

// A perfectly smooth curve still is no sum of few straight lines: the variance of a bin's logarithm
// is never taken to be below this.
inline constexpr double kLeastVariance = 0.004 * 0.004;

// The long-run variance of the relative noise: the variance of the mean of m consecutive ticks is
// LongRun / m for m beyond the noise's correlation length. Measured from second differences of
// the means of batches of 1, 2, 4, ... ticks: a trend does not count, an oscillation averages
// out within a batch, and how the product of batch size and variance grows from one size to the
// next over the whole curve says how much correlation the smaller batches miss.
class NoiseModel {
 public:
  explicit NoiseModel(const Ticks& ticks);

  // The variance of the logarithm of the mean of ticks [first, last).
  double VarianceOfMean(std::size_t first, std::size_t last) const;

  // The size of batches, in samples, beyond which they are nearly independent.
  double correlation_samples() const { return correlation_samples_; }

 private:
  struct Window {
    std::size_t first = 0, last = 0;  // ticks
    std::size_t scale = 0;            // a tick holds about 2^scale samples
    std::vector<double> variance;     // by octave; negative: unknown
    std::vector<double> triples;      // by octave
  };
  void Measure(const Ticks& ticks, Window& window) const;
  void FindCorrection();
  double Local(std::size_t window, std::size_t octave) const;

  std::vector<Window> windows_;
  // By octave of a batch's samples: long-run variance / (batch size * variance of batches).
  std::vector<double> correction_;
  double correlation_samples_ = 1;
};

}  // namespace crease::detect
