#include "benchmarks/transitions/noise.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace crease::benchmarks {
namespace {

constexpr double kCut = 8;
constexpr double kLargestDeviation = 0.8;

// ln E exp(u e) of an innovation e: it makes the multiplicative noise's mean one.
double LogMoment(double u, bool heavy) {
  if (!heavy) return 0.5 * u * u;
  // Simpson's rule over the density of Student's t of 5 degrees, with unit variance.
  constexpr int kHalfIntervals = 400;
  const double spread = std::sqrt(5.0 / 3.0), limit = kCut * spread;
  double sum = 0, mass = 0;
  for (int k = -kHalfIntervals; k <= kHalfIntervals; ++k) {
    const double t = limit * k / kHalfIntervals;
    const double base = 1 + t * t / 5;
    const double weight = std::abs(k) == kHalfIntervals ? 1 : (k % 2 == 0 ? 2 : 4);
    sum += weight / (base * base * base) * portable::Exp(u * t / spread);
    mass += weight / (base * base * base);
  }
  return portable::Log(sum / mass);
}

// ln E exp(deviation * x) of the stationary AR(1) process x of unit variance.
double LogMeanOfNoise(double deviation, double rho, bool heavy) {
  double sum = 0, u = deviation * std::sqrt(1 - rho * rho);
  for (; u > 1e-4; u *= rho) {
    sum += LogMoment(u, heavy);
    if (rho == 0) break;
  }
  return sum;
}

void AddNoise(const std::vector<double>& events, Draws& draws, Disturbance& disturbance) {
  std::vector<double>& y = disturbance.added;
  constexpr double kCorrelations[] = {0, 0.5, 0.9};
  const double rho = kCorrelations[draws.Integer(0, 2)];
  disturbance.correlation = rho;
  const bool heavy = draws.Chance(0.3);
  double deviation = draws.LogUniform(0.02, 0.3);
  double shift = LogMeanOfNoise(deviation, rho, heavy), x = draws.Normal();
  std::size_t event = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    while (event < events.size() && events[event] <= static_cast<double>(i)) {
      ++event;
      deviation = std::min(deviation * draws.Uniform(1, 3.5), kLargestDeviation);
      shift = LogMeanOfNoise(deviation, rho, heavy);
    }
    const double innovation = heavy ? draws.StudentFive() : draws.Normal();
    x = rho * x + std::sqrt(1 - rho * rho) * innovation;
    disturbance.noise.push_back(x);
    disturbance.deviation.push_back(deviation);
    y[i] += deviation * x - shift;
  }
}

void AddSpikes(int count, Draws& draws, std::vector<double>& y) {
  const auto steps = static_cast<double>(y.size());
  for (; count > 0; --count) {
    const double height = draws.Uniform(0.3, 3), recovery = draws.LogUniform(3, 200);
    const auto start = static_cast<std::size_t>(draws.Uniform(0, 1) * steps);
    const auto end = std::min(y.size(), start + static_cast<std::size_t>(10 * recovery));
    for (std::size_t i = start; i < end; ++i) {
      // Gone (a twentieth is left) after `recovery` steps.
      y[i] += height * portable::Exp(-3 * static_cast<double>(i - start) / recovery);
    }
  }
}

void AddOscillation(std::size_t first, std::size_t last, Draws& draws, std::vector<double>& y) {
  const double period = draws.Chance(0.5) ? 2.0 : draws.Uniform(2, 20);
  const double height = draws.LogUniform(0.05, 0.6);
  const double phase = draws.Uniform(0, 2 * portable::kPi);
  for (std::size_t i = first; i < last; ++i) {
    y[i] += height * portable::Cos(2 * portable::kPi * static_cast<double>(i) / period + phase);
  }
}

void AddBursts(Draws& draws, std::vector<double>& y) {
  const auto steps = static_cast<double>(y.size());
  for (int count = 1 + draws.Poisson(2); count > 0; --count) {
    const double start = draws.Uniform(0, 0.95) * steps;
    const double length = draws.LogUniform(0.005, 1) * steps;
    AddOscillation(static_cast<std::size_t>(start),
                   static_cast<std::size_t>(std::min(start + length, steps)), draws, y);
  }
}

}  // namespace

double Draws::StudentFive() {
  while (true) {
    double square = 0;
    for (int k = 0; k < 5; ++k) {
      const double normal = Normal();
      square += normal * normal;
    }
    const double value = Normal() / std::sqrt(square / 5) * std::sqrt(3.0 / 5.0);
    if (std::abs(value) <= kCut) return value;
  }
}

int Draws::Poisson(double mean) {
  const double limit = portable::Exp(-mean);
  int count = 0;
  for (double product = Uniform(0, 1); product > limit; product *= Uniform(0, 1)) ++count;
  return count;
}

Disturbance DrawDisturbance(CurveClass curve_class, std::int64_t steps,
                            const std::vector<double>& events, Draws& draws) {
  Disturbance disturbance;
  std::vector<double>& y = disturbance.added;
  y.assign(static_cast<std::size_t>(steps), 0.0);
  AddNoise(events, draws, disturbance);
  AddSpikes(draws.Poisson(curve_class == CurveClass::kSpikes ? 8 : 1), draws, y);
  if (curve_class == CurveClass::kOscillation) {
    AddBursts(draws, y);
  } else if (draws.Chance(0.15)) {
    AddOscillation(static_cast<std::size_t>(draws.Uniform(0, 0.5) * static_cast<double>(steps)),
                   y.size(), draws, y);
  }
  return disturbance;
}

}  // namespace crease::benchmarks
