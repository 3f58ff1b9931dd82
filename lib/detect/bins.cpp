#include "lib/detect/bins.h"

#include <algorithm>

#include "lib/core/portable_math.h"

namespace crease::detect {
namespace {

constexpr double kBinShare = 1.0 / 50;
constexpr double kLargestLift = 0.25;  // nats

std::size_t MinimumTicks(const Ticks& ticks) {
  return std::clamp<std::size_t>(ticks.size() / 64, 1, 8);
}

}  // namespace

NoisyPoints MakeBins(const Ticks& ticks, const NoiseModel& noise) {
  NoisyPoints bins;
  const std::size_t minimum = MinimumTicks(ticks);
  for (std::size_t first = 0; first < ticks.size();) {
    std::size_t last = std::min(first + minimum, ticks.size());
    const double until = (ticks.step[first] - ticks.origin) * (1 + kBinShare);
    while (last < ticks.size() && ticks.step[last] - ticks.origin < until) ++last;
    if (ticks.size() - last < minimum) last = ticks.size();
    double step = 0, loss = 0, count = 0;
    for (std::size_t i = first; i < last; ++i) {
      if (ticks.spike[i]) continue;
      step += ticks.step[i] - ticks.origin;
      loss += ticks.loss[i];
      ++count;
    }
    if (count > 0) {
      const double variance =
          noise.VarianceOfMean(first, last) * static_cast<double>(last - first) / count;
      bins.x.push_back(step / count + ticks.origin);
      bins.y.push_back(portable::Log(loss / count) + std::min(0.5 * variance, kLargestLift));
      bins.variance.push_back(variance);
    }
    first = last;
  }
  return bins;
}

}  // namespace crease::detect
