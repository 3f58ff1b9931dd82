#include "lib/detect/ticks.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

namespace crease::detect {
namespace {

constexpr double kTicksPerFold = 5000;
constexpr std::size_t kBlockTicks = 48;
constexpr double kBlockShare = 1.0 / 12;
constexpr double kSmallestSpike = 1.15;  // as a ratio to the level

double Quantile(std::vector<double>& values, double share) {
  const auto rank = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + rank, values.end());
  return values[static_cast<std::size_t>(rank)];
}

struct Levels {
  double spike = 0;  // above it a tick counts as a spike
  double dip = 0;    // as far below
};

// Quartiles, because the median of an oscillation of period two may be either of its sides.
Levels LevelsOf(std::span<const double> losses) {
  std::vector<double> sorted(losses.begin(), losses.end());
  const double median = Quantile(sorted, 0.5);
  const double lower = Quantile(sorted, 0.25), upper = Quantile(sorted, 0.75);
  const double square = (upper / lower) * (upper / lower);
  return {std::max(median * kSmallestSpike, upper * square * square),
          std::min(median / kSmallestSpike, lower / (square * square))};
}

}  // namespace

Ticks MakeTicks(std::span<const double> steps, std::span<const float> values,
                const Reflection& reflection) {
  assert(steps.size() == values.size());
  Ticks ticks;
  const auto valid = [&](std::size_t i) {
    return std::isfinite(values[i]) && reflection.Apply(values[i]) > 0;
  };
  std::size_t first = 0;
  while (first < values.size() && !valid(first)) ++first;
  if (first == values.size()) return ticks;
  std::size_t second = first + 1;
  while (second < values.size() && !valid(second)) ++second;
  ticks.origin = steps[first] - (second < values.size() ? steps[second] - steps[first] : 1.0);
  double until = -std::numeric_limits<double>::infinity(), step = 0, loss = 0, count = 0;
  const auto close = [&] {
    if (count == 0) return;
    ticks.step.push_back(step / count + ticks.origin);
    ticks.loss.push_back(loss / count);
    ticks.count.push_back(count);
    step = loss = count = 0;
  };
  for (std::size_t i = first; i < values.size(); ++i) {
    if (!valid(i)) continue;
    const double elapsed = steps[i] - ticks.origin;
    if (elapsed >= until) {
      close();
      until = elapsed * (1 + 1 / kTicksPerFold);
    }
    step += elapsed;
    loss += reflection.Apply(values[i]);
    ++count;
    ++ticks.samples;
  }
  close();
  ticks.spike.assign(ticks.size(), 0);
  return ticks;
}

void MarkSpikes(Ticks& ticks) {
  double level_before = 0;
  for (std::size_t first = 0; first < ticks.size();) {
    std::size_t last = std::min(first + kBlockTicks, ticks.size());
    const double until = ticks.origin + (ticks.step[first] - ticks.origin) * (1 + kBlockShare);
    while (last < ticks.size() && ticks.step[last] < until) ++last;
    if (ticks.size() - last < kBlockTicks / 2) last = ticks.size();
    const Levels levels = LevelsOf({ticks.loss.data() + first, last - first});
    const double limit = std::max(levels.spike, level_before);
    std::ptrdiff_t above = 0, below = 0;
    for (std::size_t i = first; i < last; ++i) {
      ticks.spike[i] = ticks.loss[i] > limit;
      above += ticks.loss[i] > limit;
      below += ticks.loss[i] < levels.dip;
    }
    // A burst of oscillation, whose mean its upper half alone would not tell.
    if (2 * below >= above) {
      std::fill(ticks.spike.begin() + static_cast<std::ptrdiff_t>(first),
                ticks.spike.begin() + static_cast<std::ptrdiff_t>(last), 0);
    }
    // The first block holds the initial descent, which starts high without being a spike.
    if (first == 0)
      std::fill(ticks.spike.begin(), ticks.spike.begin() + static_cast<std::ptrdiff_t>(last), 0);
    level_before = levels.spike;
    first = last;
  }
}

}  // namespace crease::detect
