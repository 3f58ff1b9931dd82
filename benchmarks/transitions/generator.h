// Loss curves with known transitions, and curves that look dangerous and have none.
//
// The labels are the definition (lib/detect/definition.h) applied to the noise-free curve, so
// that benchmark and detectors speak of the same thing. Everything follows from (seed, class,
// index); curves may be generated in any order and on any number of threads.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "lib/detect/transition.h"

namespace crease::benchmarks {

enum class CurveClass : std::uint32_t {
  kSigmoids,          // P1: 1-4 sigmoids of ln loss (0.3-3 nats, 10-90 width 0.4-8 % of the place)
                      //     on a power law of exponent 0-0.2
  kSaxeModes,         // P2: 1-4 modes c (1 - a(s))^2 of a deep linear net, and a floor
  kKinks,             // P3: initial descent, plateau, smooth kink into a power law of 0.5-2.5
  kPowerLaw,          // N1: exponent 0.05-1.5
  kPowerLawFloor,     // N2: the same to a floor
  kExponentials,      // N3: a sum of 60 exponentials
  kExponentialFloor,  // N4: one exponential to a floor
  kRateSteps,         // N5: drops at changes of the learning rate (schedule_changes)
  kFlat,              // N6: constant or slow drift
  kSpikes,            // N7: Poisson(8) spikes of 0.3-3 nats, gone in 3-200 steps
  kOscillation,       // N8: bursts of oscillation of period 2-20, 0.05-0.6 nats
};
inline constexpr std::array kPositives = {CurveClass::kSigmoids, CurveClass::kSaxeModes,
                                          CurveClass::kKinks};
inline constexpr std::array kNegatives = {CurveClass::kPowerLaw,     CurveClass::kPowerLawFloor,
                                          CurveClass::kExponentials, CurveClass::kExponentialFloor,
                                          CurveClass::kRateSteps,    CurveClass::kFlat,
                                          CurveClass::kSpikes,       CurveClass::kOscillation};
std::string ShortName(CurveClass curve_class);  // "P1", "N4"

enum class Sampling {
  kEveryStep,
  kEvery50,    // every 50th step
  kLogSpaced,  // 200 steps per e-fold
};

struct CurveOptions {
  std::int64_t steps = 20000;  // 1,000 ... 1,000,000; places scale with it
  Sampling sampling = Sampling::kEveryStep;
  bool divergence = false;  // the last tenth is NaN
  bool warm_up = false;     // an initial rise by up to 0.5 nats over up to 3 % of the steps
};

struct LabelledCurve {
  std::vector<double> steps;
  std::vector<float> losses;
  std::vector<double> log_truth;  // ln of the noise-free loss, at `steps`
  std::vector<double> schedule_changes;
  std::vector<detect::Transition> labels;  // empty for negatives
  // For who is told everything (oracle.h), where every step is sampled: the noise in units of its
  // deviation, and the correlation of neighbours.
  std::vector<double> noise, noise_deviation;
  double noise_correlation = 0;
};

// Noise: multiplicative with mean one; sd of the logarithm 0.02-0.3 (log-uniform), growing by
// 1-3.5 at events (transitions, or anywhere in negatives) up to 0.8; AR(1) of 0, 0.5 or 0.9;
// innovations normal or (30 %) Student's t of 5 degrees, cut at 8 deviations; Poisson(1) spikes
// and (15 %) oscillation in every class. A positive curve is drawn again until it has a label, a
// negative one with warm-up until it has none.
LabelledCurve MakeCurve(std::uint64_t seed, CurveClass curve_class, std::uint32_t index,
                        const CurveOptions& options = {});

}  // namespace crease::benchmarks
