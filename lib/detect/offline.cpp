#include "lib/detect/offline.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <utility>

#include "lib/core/portable_math.h"
#include "lib/detect/bins.h"
#include "lib/detect/bumps.h"
#include "lib/detect/definition.h"
#include "lib/detect/exact_curve.h"
#include "lib/detect/noise.h"
#include "lib/detect/piecewise_linear.h"
#include "lib/detect/reflection.h"
#include "lib/detect/segmentation.h"
#include "lib/detect/significance.h"
#include "lib/detect/ticks.h"

namespace crease::detect {
namespace {

constexpr std::size_t kMinimumEffectiveSamples = 10;
// What a fit of few straight lines does to the definition's figures: its steepest line is an
// average over the true peak, and lower by about this factor; and where the rate changes gradually
// it puts the onset too early and the end too late, so that the plateau looks shorter for its
// width.
constexpr double kPeakShare = 1.25;
constexpr double kPlateauShare = 0.5;
// After a drop the fit must lie below its middle for most of this many widths.
constexpr double kPersistence = 4;
// The least gap to the convex hull, in units of the drop: a plateau of a quarter of the width.
constexpr double kGapShare = 0.2;
// The share of the last stretches of a plateau that may be as low as a curve's open end.
constexpr double kRecurrence = 0.1, kStretches = 40;

ExactCurve CurveOf(const PiecewiseLinearModel& model, const PiecewiseLinearFit& fit) {
  ExactCurve curve;
  for (const std::size_t knot : fit.knots) curve.step.push_back(model.x(knot));
  curve.log_loss = fit.values;
  return curve;
}

// Where the fit misses the bins by more than their variance explains, the variance is raised.
// Returns whether it was anywhere.
bool RaiseVariance(NoisyPoints& bins, const ExactCurve& fitted) {
  constexpr std::size_t kReach = 12;
  std::vector<double> sums(bins.size() + 1, 0);
  for (std::size_t i = 0; i < bins.size(); ++i) {
    const double residual = bins.y[i] - ValueAt(fitted, bins.x[i]);
    sums[i + 1] = sums[i] + std::min(residual * residual / bins.variance[i], 12.0);
  }
  bool raised = false;
  for (std::size_t i = 0; i < bins.size(); ++i) {
    const std::size_t from = i < kReach ? 0 : i - kReach;
    const std::size_t to = std::min(i + kReach + 1, bins.size());
    const double mean = (sums[to] - sums[from]) / static_cast<double>(to - from);
    if (!(mean > 1.0)) continue;
    bins.variance[i] *= mean;
    raised = true;
  }
  return raised;
}

// The bins of [from, to] that lie where the curve breaks new ground; those of a bump that the
// curve comes back from are no evidence for or against convexity.
NoisyPoints Evidence(const NoisyPoints& bins, const ExactCurve& fitted, const ExactCurve& lowest,
                     double from, double to) {
  constexpr double kBump = 0.05;  // nats
  NoisyPoints evidence;
  for (std::size_t i = 0; i < bins.size(); ++i) {
    if (bins.x[i] < from || bins.x[i] > to) continue;
    if (ValueAt(fitted, bins.x[i]) > ValueAt(lowest, bins.x[i]) + kBump) continue;
    evidence.x.push_back(bins.x[i]);
    evidence.y.push_back(bins.y[i]);
    evidence.variance.push_back(bins.variance[i]);
  }
  return evidence;
}

// Squared residuals of the best piecewise-linear function with the fit's knots.
double FreeCost(const NoisyPoints& points, const ExactCurve& fitted) {
  PiecewiseLinearModel model(points);
  Knots knots = {0};
  for (const double step : fitted.step) {
    const auto at = std::lower_bound(points.x.begin(), points.x.end(), step);
    const auto point = static_cast<std::size_t>(at - points.x.begin());
    if (point > knots.back() && point + 1 < points.size()) knots.push_back(point);
  }
  knots.push_back(points.size() - 1);
  return model.Cost(knots);
}

// Sets z_score and p_value: the signed root of the likelihood ratio between the fit and the best
// log-convex curve, from the end of the transition before to the onset of the one after.
void Judge(std::vector<Transition>& transitions, const NoisyPoints& bins, std::size_t samples,
           double correlation_samples, const ExactCurve& fitted, const ExactCurve& lowest) {
  for (std::size_t i = 0; i < transitions.size(); ++i) {
    const double from = i == 0 ? bins.x.front() : transitions[i - 1].end_step;
    const double to = i + 1 == transitions.size() ? bins.x.back() : transitions[i + 1].onset_step;
    const NoisyPoints evidence = Evidence(bins, fitted, lowest, from, to);
    if (evidence.size() < 4) continue;
    const double gain = ConvexCost(evidence) - FreeCost(evidence, fitted);
    transitions[i].z_score = gain > 0 ? std::sqrt(gain) : 0;
    transitions[i].p_value = PValue(transitions[i].z_score, samples, correlation_samples);
  }
}

// Does the curve fall as low in its plateau again and again, for as long as at its end? It may end
// in the trough of a slow oscillation.
bool IsRecurrent(const Ticks& ticks, const Transition& t) {
  const double length = t.end_step - t.midpoint_step;
  const double middle = t.loss_before * portable::Exp(-0.5 * t.drop_nats);
  const double from = t.onset_step - std::min(t.plateau_steps, kStretches * length);
  double low = 0, all = 0, loss = 0, count = 0, until = from + length;
  for (std::size_t i = 0; i < ticks.size() && ticks.step[i] < t.onset_step; ++i) {
    if (ticks.step[i] < from || ticks.spike[i]) continue;
    if (ticks.step[i] >= until && count > 0) {
      ++all;
      low += loss / count < middle;
      until += length;
      loss = count = 0;
    }
    loss += ticks.loss[i];
    ++count;
  }
  return low > kRecurrence * all;
}

// What the fit's own definition lets pass: a dip that the curve comes back from, a trough at its
// end, and a fall that hardly bends the curve, such as what is left of a convex one beside a low
// bump.
void DropImplausible(std::vector<Transition>& transitions, const Ticks& ticks,
                     const ExactCurve& fitted, const ExactCurve& lowest) {
  double from = fitted.step.front();
  std::vector<Transition> kept;
  for (const Transition& t : transitions) {
    const double middle = portable::Log(t.loss_before) - 0.5 * t.drop_nats;
    const double until = t.end_step + kPersistence * t.width_steps;
    if (ShareBelow(fitted, middle, t.end_step, until) >= 0.5 &&
        GapToConvexHull(lowest, from, t.end_step) >= kGapShare * t.drop_nats &&
        !(t.open && IsRecurrent(ticks, t))) {
      kept.push_back(t);
    }
    from = t.end_step;
  }
  transitions = std::move(kept);
}

void DropInsignificant(std::vector<Transition>& transitions, const OfflineOptions& options) {
  std::erase_if(transitions, [&](const Transition& t) {
    return t.z_score < options.minimum_z || t.p_value > options.maximum_p_value;
  });
}

void FlagSchedule(std::vector<Transition>& transitions, const std::vector<double>& changes) {
  for (Transition& t : transitions) {
    t.schedule = std::any_of(changes.begin(), changes.end(), [&](double change) {
      return change >= t.onset_step - t.width_steps && change <= t.end_step;
    });
  }
}

std::string WhyNoVerdict(const Ticks& ticks, const NoiseModel& noise) {
  if (ticks.samples < kMinimumEffectiveSamples) {
    return "fewer than 10 finite, positive values (" + std::to_string(ticks.samples) + ")";
  }
  const double effective = static_cast<double>(ticks.samples) / noise.correlation_samples();
  if (effective >= static_cast<double>(kMinimumEffectiveSamples)) return "";
  return "fewer than 10 independent values: neighbours are correlated over about " +
         std::to_string(static_cast<long>(noise.correlation_samples())) + " values";
}

}  // namespace

Detection FindTransitions(std::span<const double> steps, std::span<const float> values,
                          const OfflineOptions& options) {
  assert(steps.size() == values.size());
  Detection detection;
  const Reflection reflection = options.rising ? ReflectionOf(values) : Reflection{};
  Ticks ticks = MakeTicks(steps, values, reflection);
  MarkSpikes(ticks);
  const NoiseModel noise(ticks);
  detection.no_verdict = WhyNoVerdict(ticks, noise);
  if (!detection.no_verdict.empty()) return detection;

  NoisyPoints bins = MakeBins(ticks, noise);
  const SegmentationOptions search;
  const auto fit = [&] {
    PiecewiseLinearModel model(bins);
    return CurveOf(model, Segment(model, search));
  };
  ExactCurve fitted = fit();
  if (RaiseVariance(bins, fitted)) fitted = fit();
  const ExactCurve lowest = WithoutBumps(fitted);
  OfflineOptions relaxed = options;
  relaxed.contrast /= kPeakShare;
  relaxed.plateau_share *= kPlateauShare;
  detection.transitions = ApplyDefinition(lowest, relaxed, SmallPeaks::kLevel);
  Judge(detection.transitions, bins, ticks.samples, noise.correlation_samples(), fitted, lowest);
  DropImplausible(detection.transitions, ticks, fitted, lowest);
  DropInsignificant(detection.transitions, options);
  for (Transition& t : detection.transitions) {
    if (!t.open) continue;
    // The last bin stands for its middle.
    t.end_step = ticks.step.back();
    t.width_steps = t.end_step - t.onset_step;
  }
  FlagSchedule(detection.transitions, options.schedule_changes);
  if (options.rising) ReflectBack(detection.transitions, reflection);
  return detection;
}

}  // namespace crease::detect
