#include "lib/detect/bins.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "lib/core/portable_math.h"

namespace crease::detect {
namespace {

constexpr double kBinShare = 1.0 / 50;
constexpr double kLargestLift = 0.25;  // nats
constexpr std::size_t kReach = 8;      // bins on each side

std::size_t MinimumTicks(const Ticks& ticks) {
  return std::clamp<std::size_t>(ticks.size() / 64, 1, 8);
}

struct Bin {
  double step = 0;   // mean, counted from the origin
  double loss = 0;   // mean
  double ticks = 0;  // without spikes
  double variance = 0;
};

std::vector<Bin> Bins(const Ticks& ticks, const NoiseModel& noise) {
  std::vector<Bin> bins;
  const std::size_t minimum = MinimumTicks(ticks);
  for (std::size_t first = 0; first < ticks.size();) {
    std::size_t last = std::min(first + minimum, ticks.size());
    const double until = (ticks.step[first] - ticks.origin) * (1 + kBinShare);
    while (last < ticks.size() && ticks.step[last] - ticks.origin < until) ++last;
    if (ticks.size() - last < minimum) last = ticks.size();
    Bin bin;
    for (std::size_t i = first; i < last; ++i) {
      if (ticks.spike[i]) continue;
      bin.step += ticks.step[i] - ticks.origin;
      bin.loss += ticks.loss[i];
      ++bin.ticks;
    }
    if (bin.ticks > 0) {
      bin.step /= bin.ticks;
      bin.loss /= bin.ticks;
      bin.variance =
          noise.VarianceOfMean(first, last) * static_cast<double>(last - first) / bin.ticks;
      bins.push_back(bin);
    }
    first = last;
  }
  return bins;
}

// How much of the noise's variance second differences of neighbouring bins may miss, because it is
// correlated beyond a bin: the ratio for AR(1) noise with a correlation of .9 is 271, 34, 10, 3.7,
// 1.9 for 1, 4, 8, 16, 32 samples a bin; twice that and more, because they are few.
double LargestRatio(double ticks) {
  const double ratio = 8 / ticks;
  return std::max(5.0, 24 * ratio * std::sqrt(ratio));
}

// The correlation is measured over the whole curve. Where a smooth beginning is followed by a
// violent end it would take the beginning for as violent: there the bins' own scatter is the limit.
void LimitByScatter(std::vector<Bin>& bins) {
  std::vector<double> squares(bins.size(), 0), nearby;
  for (std::size_t i = 1; i + 1 < bins.size(); ++i) {
    const double second = (bins[i - 1].loss - 2 * bins[i].loss + bins[i + 1].loss) / bins[i].loss;
    squares[i] = second * second / 6;
  }
  for (std::size_t i = 0; i < bins.size() && bins.size() > 2 * kReach; ++i) {
    const std::size_t from = std::clamp<std::size_t>(i, kReach + 1, bins.size() - kReach - 1);
    nearby.assign(squares.begin() + static_cast<std::ptrdiff_t>(from - kReach),
                  squares.begin() + static_cast<std::ptrdiff_t>(from + kReach));
    std::nth_element(nearby.begin(), nearby.begin() + kReach, nearby.end());
    const double scatter = nearby[kReach] / 0.455;  // the median of a squared normal
    bins[i].variance =
        std::min(bins[i].variance, std::max(LargestRatio(bins[i].ticks) * scatter, kLeastVariance));
  }
}

}  // namespace

NoisyPoints MakeBins(const Ticks& ticks, const NoiseModel& noise) {
  std::vector<Bin> bins = Bins(ticks, noise);
  LimitByScatter(bins);
  NoisyPoints points;
  for (const Bin& bin : bins) {
    points.x.push_back(bin.step + ticks.origin);
    points.y.push_back(portable::Log(bin.loss) + std::min(0.5 * bin.variance, kLargestLift));
    points.variance.push_back(bin.variance);
  }
  return points;
}

}  // namespace crease::detect
