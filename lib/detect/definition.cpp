#include "lib/detect/definition.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <numeric>

#include "lib/core/portable_math.h"

namespace crease::detect {
namespace {

// Segments [first, last] of the curve; segment k lies between points k and k + 1.
struct Interval {
  std::size_t first, last;
};

std::vector<double> Rates(const ExactCurve& curve) {
  std::vector<double> rates(curve.step.size() - 1);
  for (std::size_t k = 0; k < rates.size(); ++k) {
    rates[k] = (curve.log_loss[k] - curve.log_loss[k + 1]) / (curve.step[k + 1] - curve.step[k]);
  }
  return rates;
}

// A bump holds the curve up while it lasts, which makes no plateau: what stands in for it falls at
// the lower of the rates before and after it at least.
void FillBridges(const ExactCurve& curve, std::vector<double>& rates) {
  for (std::size_t k = 0; k < rates.size() && !curve.bridged.empty();) {
    std::size_t last = k;
    while (last < rates.size() && curve.bridged[last + 1]) ++last;
    if (last > k && k > 0 && last < rates.size()) {
      const double beside = std::min(rates[k - 1], rates[last]);
      for (std::size_t i = k; i < last; ++i) rates[i] = std::max(rates[i], beside);
    }
    k = last + 1;
  }
}

// Segments that fall, steepest first.
std::vector<std::size_t> BySteepness(const std::vector<double>& rates) {
  std::vector<std::size_t> order;
  for (std::size_t k = 0; k < rates.size(); ++k) {
    if (rates[k] > 0) order.push_back(k);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return rates[a] > rates[b]; });
  return order;
}

// One interval a peak: where the rate is at least peak / contrast. What would reach into the
// interval of a higher peak has no valley deep enough between them and belongs to it.
std::vector<Interval> PeakIntervals(const std::vector<double>& rates, double contrast) {
  std::vector<Interval> intervals;
  std::vector<char> owned(rates.size(), 0);
  for (const std::size_t peak : BySteepness(rates)) {
    if (owned[peak]) continue;
    const double level = rates[peak] / contrast;
    std::size_t first = peak, last = peak;
    bool meets = false;
    while (!meets && first > 0 && rates[first - 1] >= level) meets = owned[--first] != 0;
    while (!meets && last + 1 < rates.size() && rates[last + 1] >= level) {
      meets = owned[++last] != 0;
    }
    owned[peak] = 1;
    if (meets) continue;
    std::fill(owned.begin() + static_cast<std::ptrdiff_t>(first),
              owned.begin() + static_cast<std::ptrdiff_t>(last) + 1, 1);
    intervals.push_back({first, last});
  }
  std::sort(intervals.begin(), intervals.end(),
            [](const Interval& a, const Interval& b) { return a.first < b.first; });
  return intervals;
}

double DropOf(const ExactCurve& curve, Interval interval) {
  return curve.log_loss[interval.first] - curve.log_loss[interval.last + 1];
}

// Lowers peaks whose whole interval drops too little to the higher of the rates beside them.
void LevelSmallPeaks(const ExactCurve& curve, const OfflineOptions& options,
                     std::vector<double>& rates) {
  for (std::size_t round = 0; round < rates.size(); ++round) {
    bool levelled = false;
    for (const Interval interval : PeakIntervals(rates, options.contrast)) {
      if (DropOf(curve, interval) >= options.minimum_drop_nats) continue;
      double beside = 0;
      if (interval.first > 0) beside = rates[interval.first - 1];
      if (interval.last + 1 < rates.size()) beside = std::max(beside, rates[interval.last + 1]);
      for (std::size_t k = interval.first; k <= interval.last; ++k) {
        levelled = levelled || rates[k] > beside;
        rates[k] = std::min(rates[k], std::max(beside, 0.0));
      }
    }
    if (!levelled) return;
  }
}

// Raises valleys that are too short to be the plateau of the peak after them to the lower of the
// rates beside them: noise has cut one transition in two.
void FillShortValleys(const ExactCurve& curve, const OfflineOptions& options,
                      std::vector<double>& rates) {
  for (std::size_t round = 0; round < rates.size(); ++round) {
    const std::vector<Interval> intervals = PeakIntervals(rates, options.contrast);
    bool filled = false;
    for (std::size_t i = 1; i < intervals.size() && !filled; ++i) {
      const std::size_t from = intervals[i - 1].last + 1, to = intervals[i].first;
      const double width = curve.step[intervals[i].last + 1] - curve.step[to];
      if (from == to || curve.step[to] - curve.step[from] >= options.plateau_share * width) {
        continue;
      }
      const double beside = std::min(rates[from - 1], rates[to]);
      for (std::size_t k = from; k < to; ++k) rates[k] = std::max(rates[k], beside);
      filled = true;
    }
    if (!filled) return;
  }
}

double StepWhereReached(const ExactCurve& curve, Interval interval, double level) {
  for (std::size_t k = interval.first; k <= interval.last; ++k) {
    const double above = curve.log_loss[k], below = curve.log_loss[k + 1];
    if (below <= level && above > below) {
      const double share = std::clamp((above - level) / (above - below), 0.0, 1.0);
      return curve.step[k] + share * (curve.step[k + 1] - curve.step[k]);
    }
  }
  return curve.step[interval.last + 1];
}

double MeanLoss(const ExactCurve& curve, std::size_t first_point, std::size_t last_point) {
  double area = 0;
  for (std::size_t k = first_point; k < last_point; ++k) {
    area += (curve.step[k + 1] - curve.step[k]) *
            portable::Exp(0.5 * (curve.log_loss[k] + curve.log_loss[k + 1]));
  }
  return area / (curve.step[last_point] - curve.step[first_point]);
}

bool StaysBelow(const ExactCurve& curve, std::size_t end_point, double width, double level) {
  const double until = curve.step[end_point] + width;
  for (std::size_t i = end_point; i < curve.step.size() && curve.step[i] <= until; ++i) {
    if (curve.log_loss[i] >= level) return false;
  }
  return true;
}

// By how much the interval's end lies below everything before its onset.
double NewGround(const ExactCurve& curve, Interval interval) {
  const auto begin = curve.log_loss.begin();
  const auto onset = begin + static_cast<std::ptrdiff_t>(interval.first);
  return *std::min_element(begin, onset + 1) - curve.log_loss[interval.last + 1];
}

Transition Describe(const ExactCurve& curve, const std::vector<double>& rates, Interval interval,
                    double contrast) {
  Transition t;
  const std::size_t onset = interval.first, end = interval.last + 1;
  t.onset_step = curve.step[onset];
  t.end_step = curve.step[end];
  t.width_steps = t.end_step - t.onset_step;
  t.loss_before = portable::Exp(curve.log_loss[onset]);
  t.loss_after = portable::Exp(curve.log_loss[end]);
  t.drop_nats = curve.log_loss[onset] - curve.log_loss[end];
  t.midpoint_step =
      StepWhereReached(curve, interval, 0.5 * (curve.log_loss[onset] + curve.log_loss[end]));
  // What was levelled or filled counts for where the transition lies, not for how steep it is.
  double levelled_peak = 0;
  for (std::size_t k = interval.first; k <= interval.last; ++k) {
    const double fall = curve.log_loss[k] - curve.log_loss[k + 1];
    const double rate = fall / (curve.step[k + 1] - curve.step[k]);
    levelled_peak = std::max(levelled_peak, rates[k]);
    t.peak_rate = std::max(t.peak_rate, rate);
    t.sharpness = std::max(t.sharpness, rate * curve.step[k + 1]);
  }
  std::size_t plateau = onset;
  while (plateau > 0 && rates[plateau - 1] <= levelled_peak / contrast) --plateau;
  t.plateau_steps = curve.step[onset] - curve.step[plateau];
  t.plateau_loss = t.plateau_steps > 0 ? MeanLoss(curve, plateau, onset) : t.loss_before;
  t.open = end + 1 == curve.step.size();
  return t;
}

void FlagOverlaps(std::vector<Transition>& transitions) {
  for (std::size_t i = 1; i < transitions.size(); ++i) {
    Transition &before = transitions[i - 1], &after = transitions[i];
    if (after.onset_step - before.end_step < std::max(before.width_steps, after.width_steps)) {
      before.overlap = after.overlap = true;
    }
  }
}

}  // namespace

std::vector<Transition> ApplyDefinition(const ExactCurve& curve, const OfflineOptions& options,
                                        SmallPeaks small_peaks) {
  std::vector<Transition> transitions;
  if (curve.step.size() < 3) return transitions;
  std::vector<double> rates = Rates(curve);
  if (small_peaks == SmallPeaks::kLevel) {
    FillBridges(curve, rates);
    LevelSmallPeaks(curve, options, rates);
    FillShortValleys(curve, options, rates);
  }
  for (const Interval interval : PeakIntervals(rates, options.contrast)) {
    if (interval.first == 0) continue;  // no fall below peak / contrast on the left
    const Transition t = Describe(curve, rates, interval, options.contrast);
    const double half = curve.log_loss[interval.first] - 0.5 * t.drop_nats;
    if (NewGround(curve, interval) >= options.minimum_drop_nats &&
        t.plateau_steps >= options.plateau_share * t.width_steps &&
        StaysBelow(curve, interval.last + 1, t.width_steps, half)) {
      transitions.push_back(t);
    }
  }
  FlagOverlaps(transitions);
  return transitions;
}

}  // namespace crease::detect
