#include "benchmarks/transitions/shapes.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace crease::benchmarks {
namespace {

double Logistic(double x) { return 1 / (1 + portable::Exp(-x)); }

// Where transitions lie: anywhere on a logarithmic axis, neither at the start nor at the end.
double DrawPlace(double steps, Draws& draws) {
  return draws.LogUniform(std::max(100.0, 0.01 * steps), 0.92 * steps);
}

Shape Sigmoids(double steps, Draws& draws) {
  struct Drop {
    double place, nats, scale;
  };
  constexpr double kScalesInWidth = 4.394449;  // 10-90 rise of a logistic, 2 ln 9
  const double exponent = draws.Uniform(0, 0.2);
  std::vector<Drop> drops;
  Shape shape;
  for (int count = draws.Integer(1, 4); count > 0; --count) {
    const double place = DrawPlace(steps, draws);
    const double width = place * draws.LogUniform(0.004, 0.08);
    drops.push_back({place, draws.LogUniform(0.3, 3), width / kScalesInWidth});
    shape.events.push_back(place);
  }
  shape.log_loss = [=](double s) {
    double y = -exponent * portable::Log(s + 10);
    for (const Drop& drop : drops) y -= drop.nats * Logistic((s - drop.place) / drop.scale);
    return y;
  };
  return shape;
}

Shape SaxeModes(double steps, Draws& draws) {
  struct Mode {
    double weight, start, rate;
  };
  std::vector<Mode> modes;
  Shape shape;
  for (int count = draws.Integer(1, 4); count > 0; --count) {
    const double start = draws.LogUniform(1e-6, 1e-2), place = DrawPlace(steps, draws);
    modes.push_back({draws.LogUniform(0.1, 1), start, portable::Log(1 / start - 1) / place});
    shape.events.push_back(place);
  }
  const double floor = draws.LogUniform(1e-3, 0.1);
  shape.log_loss = [=](double s) {
    double loss = floor;
    for (const Mode& mode : modes) {
      const double rest = 1 - Logistic(mode.rate * s - portable::Log(1 / mode.start - 1));
      loss += mode.weight * rest * rest;
    }
    return portable::Log(loss);
  };
  return shape;
}

double SoftPlus(double x) { return x > 30 ? x : portable::Log1p(portable::Exp(x)); }

Shape Kinks(double steps, Draws& draws) {
  const double place = draws.LogUniform(0.02 * steps, 0.7 * steps);
  const double smooth = place * draws.LogUniform(0.01, 0.1);
  const double unit = place * draws.Uniform(0.3, 1);  // steps in which the power law sets in
  const double exponent = draws.Uniform(0.5, 2.5);
  const double descent = draws.LogUniform(0.3, 10);
  const double decay = place * draws.LogUniform(0.005, 0.05);
  Shape shape;
  shape.events = {place};
  shape.log_loss = [=](double s) {
    const double rise = smooth / unit * SoftPlus((s - place) / smooth);
    return portable::Log1p(descent * portable::Exp(-s / decay)) - exponent * portable::Log1p(rise);
  };
  return shape;
}

Shape PowerLaw(double steps, bool with_floor, Draws& draws) {
  const double exponent = draws.Uniform(0.05, 1.5), offset = draws.LogUniform(1, 300);
  const double least = portable::Pow(steps, -exponent);
  const double floor = with_floor ? least * draws.LogUniform(0.3, 30) : 0;
  Shape shape;
  shape.log_loss = [=](double s) {
    return portable::Log(portable::Pow((s + offset) / offset, -exponent) + floor);
  };
  return shape;
}

Shape Exponentials(double steps, Draws& draws) {
  const double decay = draws.Uniform(0, 1.5);
  std::vector<std::pair<double, double>> terms;  // weight, rate
  for (int k = 0; k < 60; ++k) {
    const double rate = draws.LogUniform(0.3 / steps, 0.1);
    terms.emplace_back(portable::Pow(rate * steps, -decay) * draws.Uniform(0.2, 1), rate);
  }
  Shape shape;
  shape.log_loss = [=](double s) {
    double loss = 0;
    for (const auto& [weight, rate] : terms) loss += weight * portable::Exp(-rate * s);
    return portable::Log(loss);
  };
  return shape;
}

Shape ExponentialFloor(double steps, Draws& draws) {
  const double time = steps * draws.LogUniform(0.002, 0.5), floor = draws.LogUniform(0.003, 0.5);
  Shape shape;
  shape.log_loss = [=](double s) { return portable::Log(floor + portable::Exp(-s / time)); };
  return shape;
}

Shape RateSteps(double steps, Draws& draws) {
  const double exponent = draws.Uniform(0.05, 0.4);
  struct Drop {
    double place, nats, time;
  };
  std::vector<Drop> drops;
  Shape shape;
  for (int count = draws.Integer(1, 3); count > 0; --count) {
    const double place = std::floor(draws.Uniform(0.1, 0.9) * steps);
    drops.push_back({place, draws.LogUniform(0.2, 1.5), draws.LogUniform(3, 0.02 * place)});
    shape.events.push_back(place);
    shape.schedule_changes.push_back(place);
  }
  std::sort(shape.schedule_changes.begin(), shape.schedule_changes.end());
  shape.log_loss = [=](double s) {
    double y = -exponent * portable::Log(s + 10);
    for (const Drop& drop : drops) {
      if (s > drop.place) y -= drop.nats * (1 - portable::Exp(-(s - drop.place) / drop.time));
    }
    return y;
  };
  return shape;
}

Shape Flat(double steps, Draws& draws) {
  const double drift = draws.Chance(0.5) ? 0 : draws.Uniform(-0.3, 0.5) / steps;
  Shape shape;
  shape.log_loss = [=](double s) { return -drift * s; };
  return shape;
}

// What spikes and oscillation sit on.
Shape Smooth(double steps, Draws& draws) {
  switch (draws.Integer(0, 3)) {
    case 0:
      return PowerLaw(steps, false, draws);
    case 1:
      return PowerLaw(steps, true, draws);
    case 2:
      return ExponentialFloor(steps, draws);
    default:
      return Flat(steps, draws);
  }
}

Shape Select(CurveClass curve_class, double steps, Draws& draws) {
  switch (curve_class) {
    case CurveClass::kSigmoids:
      return Sigmoids(steps, draws);
    case CurveClass::kSaxeModes:
      return SaxeModes(steps, draws);
    case CurveClass::kKinks:
      return Kinks(steps, draws);
    case CurveClass::kPowerLaw:
      return PowerLaw(steps, false, draws);
    case CurveClass::kPowerLawFloor:
      return PowerLaw(steps, true, draws);
    case CurveClass::kExponentials:
      return Exponentials(steps, draws);
    case CurveClass::kExponentialFloor:
      return ExponentialFloor(steps, draws);
    case CurveClass::kRateSteps:
      return RateSteps(steps, draws);
    case CurveClass::kFlat:
      return Flat(steps, draws);
    case CurveClass::kSpikes:
    case CurveClass::kOscillation:
      return Smooth(steps, draws);
  }
  return {};
}

}  // namespace

Shape DrawShape(CurveClass curve_class, double steps, Draws& draws) {
  Shape shape = Select(curve_class, steps, draws);
  if (shape.events.empty()) {
    for (int count = draws.Integer(0, 2); count > 0; --count) {
      shape.events.push_back(DrawPlace(steps, draws));
    }
  }
  std::sort(shape.events.begin(), shape.events.end());
  return shape;
}

}  // namespace crease::benchmarks
