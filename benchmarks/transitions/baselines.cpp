#include "benchmarks/transitions/baselines.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "lib/detect/definition.h"

namespace crease::benchmarks {
namespace {

constexpr double kMinimumDrop = 0.2;  // nats

// ln of the mean loss in windows of a tenth of the elapsed steps and 100 samples at least.
detect::ExactCurve Smoothed(const LabelledCurve& curve) {
  constexpr double kWindow = 0.1;
  constexpr std::size_t kSamples = 100;
  detect::ExactCurve smoothed;
  std::size_t first = 0;
  while (first < curve.steps.size()) {
    const double until = (curve.steps[first] + 1) * (1 + kWindow) - 1;
    double step = 0, loss = 0, count = 0;
    std::size_t last = first;
    for (; last < curve.steps.size() && (last < first + kSamples || curve.steps[last] < until);
         ++last) {
      if (!std::isfinite(curve.losses[last])) continue;
      step += curve.steps[last];
      loss += curve.losses[last];
      ++count;
    }
    if (count > 0) {
      smoothed.step.push_back(step / count);
      smoothed.log_loss.push_back(std::log(loss / count));
    }
    first = last;
  }
  return smoothed;
}

// A drop between two points of a curve.
detect::Transition Drop(const detect::ExactCurve& curve, std::size_t first, std::size_t last) {
  detect::Transition t;
  t.onset_step = curve.step[first];
  t.end_step = curve.step[last];
  t.width_steps = t.end_step - t.onset_step;
  t.midpoint_step = 0.5 * (t.onset_step + t.end_step);
  t.loss_before = std::exp(curve.log_loss[first]);
  t.loss_after = std::exp(curve.log_loss[last]);
  t.drop_nats = curve.log_loss[first] - curve.log_loss[last];
  return t;
}

// Means of equally many finite samples.
detect::ExactCurve EqualMeans(const LabelledCurve& curve, std::size_t at_most) {
  const std::size_t size = (curve.steps.size() + at_most - 1) / at_most;
  detect::ExactCurve means;
  double step = 0, log_loss = 0, count = 0;
  for (std::size_t i = 0; i < curve.steps.size(); ++i) {
    if (std::isfinite(curve.losses[i]) && curve.losses[i] > 0) {
      step += curve.steps[i];
      log_loss += std::log(static_cast<double>(curve.losses[i]));
      ++count;
    }
    if ((i + 1) % size != 0 || count == 0) continue;
    means.step.push_back(step / count);
    means.log_loss.push_back(log_loss / count);
    step = log_loss = count = 0;
  }
  return means;
}

// Half the median of squared differences of neighbours, scaled to a normal's variance.
double VarianceOf(const std::vector<double>& y) {
  std::vector<double> squares;
  for (std::size_t i = 1; i < y.size(); ++i) {
    squares.push_back((y[i] - y[i - 1]) * (y[i] - y[i - 1]));
  }
  const auto middle = squares.begin() + std::ssize(squares) / 2;
  std::nth_element(squares.begin(), middle, squares.end());
  return std::max(0.5 * *middle / 0.455, 1e-12);
}

// Where the pieces begin, 0 and y.size() included.
std::vector<std::size_t> OptimalPartition(const std::vector<double>& y, double penalty) {
  const std::size_t count = y.size();
  std::vector<double> sum(count + 1, 0), squares(count + 1, 0), best(count + 1, -penalty);
  for (std::size_t i = 0; i < count; ++i) {
    sum[i + 1] = sum[i] + y[i];
    squares[i + 1] = squares[i] + y[i] * y[i];
  }
  const auto cost = [&](std::size_t a, std::size_t b) {
    const double total = sum[b] - sum[a];
    return squares[b] - squares[a] - total * total / static_cast<double>(b - a);
  };
  std::vector<std::size_t> before(count + 1, 0), candidates = {0};
  for (std::size_t b = 1; b <= count; ++b) {
    best[b] = std::numeric_limits<double>::infinity();
    for (const std::size_t a : candidates) {
      const double value = best[a] + cost(a, b) + penalty;
      if (value >= best[b]) continue;
      best[b] = value;
      before[b] = a;
    }
    std::erase_if(candidates, [&](std::size_t a) { return best[a] + cost(a, b) > best[b]; });
    candidates.push_back(b);
  }
  std::vector<std::size_t> starts = {count};
  while (starts.back() > 0) starts.push_back(before[starts.back()]);
  std::reverse(starts.begin(), starts.end());
  return starts;
}

}  // namespace

std::vector<detect::Transition> FindBySlope(const LabelledCurve& curve) {
  const detect::ExactCurve smoothed = Smoothed(curve);
  std::vector<detect::Transition> found;
  const auto steep = [&](std::size_t i) {
    const double fall = smoothed.log_loss[i] - smoothed.log_loss[i + 1];
    return fall > std::log((smoothed.step[i + 1] + 1) / (smoothed.step[i] + 1));
  };
  for (std::size_t i = 0; i + 1 < smoothed.step.size();) {
    std::size_t last = i;
    while (last + 1 < smoothed.step.size() && steep(last)) ++last;
    const detect::Transition t = Drop(smoothed, i, last);
    if (t.drop_nats >= kMinimumDrop) found.push_back(t);
    i = std::max(last, i + 1);
  }
  return found;
}

std::vector<detect::Transition> FindByMovingAverage(const LabelledCurve& curve) {
  return detect::ApplyDefinition(Smoothed(curve), {});
}

std::vector<detect::Transition> FindByMeanShift(const LabelledCurve& curve) {
  const detect::ExactCurve means = EqualMeans(curve, 200);
  if (means.step.size() < 3) return {};
  const double penalty =
      3 * std::log(static_cast<double>(means.step.size())) * VarianceOf(means.log_loss);
  const std::vector<std::size_t> starts = OptimalPartition(means.log_loss, penalty);
  std::vector<detect::Transition> found;
  double before = 0;
  for (std::size_t k = 0; k + 1 < starts.size(); ++k) {
    double mean = 0;
    for (std::size_t i = starts[k]; i < starts[k + 1]; ++i) mean += means.log_loss[i];
    mean /= static_cast<double>(starts[k + 1] - starts[k]);
    if (k > 0 && before - mean >= kMinimumDrop) {
      detect::Transition t = Drop(means, starts[k] - 1, starts[k]);
      t.loss_before = std::exp(before);
      t.loss_after = std::exp(mean);
      t.drop_nats = before - mean;
      found.push_back(t);
    }
    before = mean;
  }
  return found;
}

}  // namespace crease::benchmarks
