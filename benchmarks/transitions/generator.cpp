#include "benchmarks/transitions/generator.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>

#include "benchmarks/transitions/draws.h"
#include "benchmarks/transitions/noise.h"
#include "benchmarks/transitions/shapes.h"
#include "lib/detect/definition.h"

namespace crease::benchmarks {
namespace {

bool IsPositive(CurveClass curve_class) { return curve_class <= CurveClass::kKinks; }

std::vector<std::int64_t> SampledSteps(std::int64_t steps, Sampling sampling) {
  std::vector<std::int64_t> sampled;
  for (std::int64_t s = 0; s < steps;) {
    sampled.push_back(s);
    switch (sampling) {
      case Sampling::kEveryStep:
        s += 1;
        break;
      case Sampling::kEvery50:
        s += 50;
        break;
      case Sampling::kLogSpaced:
        s += std::max<std::int64_t>(1, s / 200);
        break;
    }
  }
  return sampled;
}

// The definition on the noise-free curve, at most some 20,000 points of it.
std::vector<detect::Transition> Labels(const Shape& shape, std::int64_t steps) {
  detect::ExactCurve curve;
  const std::int64_t stride = std::max<std::int64_t>(1, steps / 20000);
  for (std::int64_t s = 0; s < steps; s += stride) {
    curve.step.push_back(static_cast<double>(s));
    curve.log_loss.push_back(shape.log_loss(static_cast<double>(s)));
  }
  return detect::ApplyDefinition(curve, {});
}

void AddWarmUp(Shape& shape, double steps, Draws& draws) {
  const double length = steps * draws.LogUniform(0.002, 0.03), height = draws.Uniform(0.1, 0.5);
  shape.log_loss = [inner = shape.log_loss, length, height](double s) {
    return inner(s) + (s < length ? height * (s / length - 1) : 0);
  };
}

}  // namespace

std::string ShortName(CurveClass curve_class) {
  constexpr const char* kNames[] = {"P1", "P2", "P3", "N1", "N2", "N3",
                                    "N4", "N5", "N6", "N7", "N8"};
  return kNames[static_cast<std::size_t>(curve_class)];
}

LabelledCurve MakeCurve(std::uint64_t seed, CurveClass curve_class, std::uint32_t index,
                        const CurveOptions& options) {
  Draws draws(seed, static_cast<std::uint32_t>(curve_class) * 1000000u + index);
  const auto steps = static_cast<double>(options.steps);
  LabelledCurve curve;
  Shape shape;
  bool labelled = false;  // the rise of a warm-up can make a transition of a negative's descent
  do {
    shape = DrawShape(curve_class, steps, draws);
    if (options.warm_up) AddWarmUp(shape, steps, draws);
    labelled =
        IsPositive(curve_class) || (options.warm_up && curve_class != CurveClass::kRateSteps);
    if (labelled) curve.labels = Labels(shape, options.steps);
  } while (labelled && IsPositive(curve_class) == curve.labels.empty());
  auto disturbance = DrawDisturbance(curve_class, options.steps, shape.events, draws);
  for (const std::int64_t s : SampledSteps(options.steps, options.sampling)) {
    const double truth = shape.log_loss(static_cast<double>(s));
    const bool diverged = options.divergence && static_cast<double>(s) >= 0.9 * steps;
    curve.steps.push_back(static_cast<double>(s));
    curve.log_truth.push_back(truth);
    curve.losses.push_back(diverged ? std::numeric_limits<float>::quiet_NaN()
                                    : static_cast<float>(portable::Exp(
                                          truth + disturbance.added[static_cast<std::size_t>(s)])));
  }
  if (options.divergence) {
    std::erase_if(curve.labels,
                  [&](const detect::Transition& t) { return t.midpoint_step >= 0.9 * steps; });
  }
  curve.schedule_changes = shape.schedule_changes;
  if (options.sampling == Sampling::kEveryStep) {
    curve.noise = std::move(disturbance.noise);
    curve.noise_deviation = std::move(disturbance.deviation);
    curve.noise_correlation = disturbance.correlation;
  }
  return curve;
}

}  // namespace crease::benchmarks
