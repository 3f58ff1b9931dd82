#include "tests/norm/twin.h"

#include <algorithm>

namespace crease::norm {
namespace {

Real MeanOf(const Reals& values) {
  Real sum = 0;
  for (const Real value : values) sum += value;
  return sum / static_cast<Real>(values.size());
}

Real SignOf(Real value) { return static_cast<Real>((0 < value) - (value < 0)); }

bool Divides(Kind kind) { return kind != Kind::kDivisive && kind != Kind::kDyT; }

}  // namespace

// slope: what g is multiplied by in d_x; along_factor: d_x = slope (g - ... - along_factor along).
TwinPoint NormaliseTwin(const Options& options, const Reals& x, Real alpha) {
  TwinPoint point;
  const bool centred = options.kind == Kind::kLayerNorm || options.kind == Kind::kGroupNorm;
  if (centred) point.mean = MeanOf(x);
  Real sum = 0;
  for (const Real value : x) {
    const Real d = value - point.mean;
    sum += options.kind == Kind::kDivisive ? std::pow(std::fabs(d), Real(options.exponent)) : d * d;
  }
  if (options.kind == Kind::kDivisive) {
    point.inverse = 1 / (std::pow(Real(options.beta), Real(options.exponent)) + sum);
  } else if (options.kind != Kind::kDyT) {
    if (options.kind != Kind::kUnit) sum /= static_cast<Real>(x.size());
    point.inverse = 1 / std::sqrt(sum + Real(options.eps));
  }
  for (const Real value : x) {
    if (options.kind == Kind::kDivisive) {
      const Real power = std::pow(std::fabs(value), Real(options.exponent - 1));
      point.u.push_back(value * power * point.inverse);
      point.slope.push_back(Real(options.exponent) * point.inverse * power);
      point.along_factor.push_back(SignOf(value));
    } else if (options.kind == Kind::kDyT) {
      const Real u = std::tanh(alpha * value);
      point.u.push_back(u);
      point.slope.push_back(alpha * (1 - u * u));
      point.along_factor.push_back(0);
    } else {
      point.u.push_back((value - point.mean) * point.inverse);
      point.slope.push_back(point.inverse);
      point.along_factor.push_back(point.u.back());
    }
  }
  return point;
}

void Twin::RunGroup(std::size_t point, std::size_t first, std::size_t count) {
  Reals entries;
  for (std::size_t c = first; c < first + count; ++c) entries.push_back(x[At(point, c)]);
  const TwinPoint its = NormaliseTwin(options, entries, alpha);
  mean.push_back(its.mean);
  inverse.push_back(its.inverse);
  const auto n = static_cast<Real>(count);
  const bool centred = options.kind == Kind::kLayerNorm || options.kind == Kind::kGroupNorm;
  Real sum = 0, along = 0, size = 0, along_size = 0, largest = 0, largest_g = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t c = first + i, at = At(point, c);
    const Real g = d_y[at] * weight[c], u = its.u[i];
    sum += g;
    along += g * u;
    size += std::fabs(g);
    along_size += std::fabs(g * u);
    largest = std::max(largest, std::fabs(u));
    largest_g = std::max(largest_g, std::fabs(g));
    d_alpha += g * entries[i] * (1 - u * u);
    d_alpha_size += std::fabs(g * entries[i]);
    d_weight[c] += d_y[at] * u;
    d_bias[c] += d_y[at];
    d_bias_size[c] += std::fabs(d_y[at]);
  }
  if (Divides(options.kind) && options.kind != Kind::kUnit) along /= n, along_size /= n;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t c = first + i, at = At(point, c);
    y[at] = weight[c] * its.u[i] + bias[c];
    y_size[at] = std::fabs(weight[c]) * largest + std::fabs(bias[c]);
    const Real g = d_y[at] * weight[c];
    d_x[at] = its.slope[i] * (g - (centred ? sum / n : 0) - its.along_factor[i] * along);
    const Real along_part = options.kind == Kind::kDivisive ? 1 : largest;
    d_x_size[at] = std::fabs(options.kind == Kind::kDyT ? alpha : its.slope[i]) *
                   (largest_g + (centred ? size / n : 0) + along_part * along_size);
    d_weight_size[c] += std::fabs(d_y[at]) * largest;
  }
}

void Twin::Run() {
  const std::size_t size = points * options.width, width = options.width;
  for (Reals* values : {&y, &d_x, &y_size, &d_x_size}) values->assign(size, 0);
  for (Reals* values : {&d_weight, &d_bias, &d_weight_size, &d_bias_size}) values->assign(width, 0);
  mean.clear();
  inverse.clear();
  d_alpha = d_alpha_size = 0;
  const std::size_t count = width / options.groups;
  for (std::size_t p = 0; p < points; ++p) {
    for (std::size_t k = 0; k < options.groups; ++k) RunGroup(p, k * count, count);
  }
}

}  // namespace crease::norm
