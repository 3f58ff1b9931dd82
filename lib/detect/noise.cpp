#include "lib/detect/noise.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "lib/core/portable_math.h"

namespace crease::detect {
namespace {

constexpr std::size_t kOctaves = 8;         // batches of 1 ... 128 ticks
constexpr std::size_t kMinimumTicks = 128;  // of a window
constexpr double kWindowShare = 1.0 / 8;    // of the elapsed steps
constexpr std::size_t kMinimumTriples = 6;  // to measure a variance at all
constexpr double kBatchesPerBin = 8;

// Means of consecutive batches of 2^octave ticks that hold no spike.
std::vector<double> BatchMeans(const Ticks& ticks, std::size_t first, std::size_t last,
                               std::size_t size) {
  std::vector<double> means;
  means.reserve((last - first) / size + 1);
  double sum = 0;
  std::size_t count = 0;
  for (std::size_t i = first; i < last; ++i) {
    if (ticks.spike[i]) continue;
    sum += ticks.loss[i];
    if (++count == size) {
      means.push_back(sum / static_cast<double>(size));
      sum = 0;
      count = 0;
    }
  }
  return means;
}

// The mean of squares, those far beyond the rest cut: they are jumps and spikes, not noise.
double WinsorisedMean(std::vector<double>& squares) {
  const auto middle = squares.begin() + static_cast<std::ptrdiff_t>(squares.size() / 2);
  std::nth_element(squares.begin(), middle, squares.end());
  const double limit = 12.0 * *middle / 0.455;  // 0.455: the median of a squared normal
  double sum = 0;
  for (const double square : squares) sum += std::min(square, limit);
  return sum / static_cast<double>(squares.size());
}

}  // namespace

NoiseModel::NoiseModel(const Ticks& ticks) {
  for (std::size_t first = 0; first < ticks.size();) {
    Window window;
    window.first = first;
    window.last = std::min(first + kMinimumTicks, ticks.size());
    const double until = ticks.origin + (ticks.step[first] - ticks.origin) * (1 + kWindowShare);
    while (window.last < ticks.size() && ticks.step[window.last] < until) ++window.last;
    if (ticks.size() - window.last < kMinimumTicks / 2) window.last = ticks.size();
    const double samples =
        std::accumulate(ticks.count.begin() + static_cast<std::ptrdiff_t>(first),
                        ticks.count.begin() + static_cast<std::ptrdiff_t>(window.last), 0.0);
    const double per_tick = samples / static_cast<double>(window.last - first);
    while (static_cast<double>(std::size_t{2} << window.scale) < 1.41 * per_tick) ++window.scale;
    first = window.last;
    Measure(ticks, window);
    windows_.push_back(std::move(window));
  }
  FindCorrection();
}

void NoiseModel::Measure(const Ticks& ticks, Window& window) const {
  window.variance.assign(kOctaves, -1);
  window.triples.assign(kOctaves, 0);
  std::vector<double> squares;
  for (std::size_t octave = 0; octave < kOctaves; ++octave) {
    const std::vector<double> means =
        BatchMeans(ticks, window.first, window.last, std::size_t{1} << octave);
    if (means.size() < kMinimumTriples + 2) break;
    squares.clear();
    for (std::size_t i = 2; i < means.size(); ++i) {
      const double level = (means[i - 2] + means[i - 1] + means[i]) / 3;
      const double second = (means[i - 2] - 2 * means[i - 1] + means[i]) / level;
      squares.push_back(second * second / 6);
    }
    window.variance[octave] = WinsorisedMean(squares);
    window.triples[octave] = static_cast<double>(squares.size());
  }
}

void NoiseModel::FindCorrection() {
  std::size_t octaves = kOctaves;
  for (const Window& window : windows_) octaves = std::max(octaves, kOctaves + window.scale);
  correction_.assign(octaves, 1);
  for (std::size_t octave = octaves - 1; octave-- > 0;) {
    // Every window in units of its variance between single ticks, so that loud ones do not rule.
    double small = 0, large = 0, weight = 0;
    for (const Window& window : windows_) {
      if (octave < window.scale || octave + 1 >= window.scale + kOctaves) continue;
      const std::size_t own = octave - window.scale;
      if (!(window.variance[0] > 0) || window.variance[own + 1] < 0) continue;
      const double share = window.triples[own + 1] / window.variance[0];
      small += share * window.variance[own];
      large += share * window.variance[own + 1];
      weight += window.triples[own + 1];
    }
    // With less than this many differences, the ratio would be noise itself.
    const double ratio = weight >= 12 && small > 0 ? 2 * large / small : 1.0;
    correction_[octave] = correction_[octave + 1] * std::clamp(ratio, 0.8, 4.0);
  }
  std::size_t octave = 0;
  while (octave + 1 < octaves && correction_[octave] > 1.5) ++octave;
  correlation_samples_ = static_cast<double>(std::size_t{1} << octave);
}

// Neighbouring windows are averaged in, because one alone is itself a noisy measurement.
double NoiseModel::Local(std::size_t window, std::size_t octave) const {
  double sum = 0, weight = 0;
  const std::size_t from = window == 0 ? 0 : window - 1;
  for (std::size_t w = from; w <= std::min(window + 1, windows_.size() - 1); ++w) {
    if (windows_[w].variance[octave] < 0) continue;
    const double share = w == window ? 2.0 : 1.0;
    sum += share * windows_[w].variance[octave];
    weight += share;
  }
  return weight > 0 ? sum / weight : -1;
}

double NoiseModel::VarianceOfMean(std::size_t first, std::size_t last) const {
  const std::size_t middle = (first + last) / 2;
  std::size_t window = 0;
  while (window + 1 < windows_.size() && windows_[window].last <= middle) ++window;
  const auto count = static_cast<double>(last - first);
  std::size_t octave = 0;
  while (octave + 1 < kOctaves &&
         static_cast<double>(std::size_t{2} << octave) * kBatchesPerBin <= count) {
    ++octave;
  }
  double variance = Local(window, octave);
  while (variance < 0 && octave > 0) variance = Local(window, --octave);
  const auto size = static_cast<double>(std::size_t{1} << octave);
  const double mean =
      std::max(variance, 0.0) * size * correction_[octave + windows_[window].scale] / count;
  return std::max(mean, kLeastVariance);
}

}  // namespace crease::detect
