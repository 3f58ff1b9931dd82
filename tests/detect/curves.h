// Curves in closed form for the tests of the detector.
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <vector>

#include "lib/core/random.h"
#include "lib/detect/offline.h"

namespace crease::detect {

struct TestCurve {
  std::vector<double> steps;
  std::vector<float> losses;
};

// exp(log_loss(s)) for s = 0 ... count-1, with multiplicative noise of mean one.
inline TestCurve Sample(int count, const std::function<double(double)>& log_loss,
                        double deviation = 0, std::uint64_t seed = 1) {
  TestCurve curve;
  const RandomStream noise(seed, Purpose::kNoise);
  for (int s = 0; s < count; ++s) {
    const double disturbance =
        deviation * noise.Normal(static_cast<std::uint64_t>(s)) - 0.5 * deviation * deviation;
    curve.steps.push_back(s);
    curve.losses.push_back(static_cast<float>(std::exp(log_loss(s) + disturbance)));
  }
  return curve;
}

inline Detection Find(const TestCurve& curve, const OfflineOptions& options = {}) {
  return FindTransitions(curve.steps, curve.losses, options);
}

// ln loss that drops by `nats` around `place`; 10 % to 90 % takes `width`.
inline double Drop(double s, double nats, double place, double width) {
  return -nats / (1 + std::exp(-(s - place) / (width / (2 * std::log(9.0)))));
}

}  // namespace crease::detect
