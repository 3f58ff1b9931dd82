#include "benchmarks/norm/norm_case.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

namespace crease::benchmarks {
namespace {

// Values in [-2, 2), as if drawn independently: with strides of a power of two, too, or points of
// hardly any spread would come about, which plain LayerNorm gets wrong.
void Fill(std::uint64_t seed, Buffer& buffer) {
  for (std::size_t i = 0; i < buffer.size(); ++i) {
    std::uint64_t mixed = (i + (seed << 40)) * 0x9E3779B97F4A7C15u;
    mixed = (mixed ^ (mixed >> 32)) * 0xD6E8FEB86659FD93u;
    buffer[i] = static_cast<float>(mixed >> 40) * 0x1p-22f - 2.0f;
  }
}

// x^hat, the factor 1 / s and the answer of one point, in double.
struct Exact {
  explicit Exact(std::size_t width) : normal(width), answer(width) {}

  void Find(const NormCase& norm, std::size_t point) {
    const std::size_t width = normal.size();
    const double n = static_cast<double>(width);
    double mean = 0.0, variance = 0.0, along = 0.0, total = 0.0;
    for (std::size_t i = 0; i < width; ++i) {
      normal[i] = static_cast<double>(norm.x[norm.OffsetOf(point, i)]);
      mean += normal[i] / n;
    }
    for (double& value : normal) {
      value -= mean;
      variance += value * value / n;
    }
    factor = 1.0 / std::sqrt(variance + static_cast<double>(kEps));
    for (std::size_t i = 0; i < width; ++i) {
      normal[i] *= factor;
      const auto weight = static_cast<double>(norm.weight[i]);
      if (norm.shape.backward) {
        answer[i] = static_cast<double>(norm.d_y[norm.OffsetOf(point, i)]) * weight;
        total += answer[i] / n;
        along += answer[i] * normal[i] / n;
      } else {
        answer[i] = normal[i] * weight + static_cast<double>(norm.bias[i]);
      }
    }
    if (!norm.shape.backward) return;
    for (std::size_t i = 0; i < width; ++i) {
      answer[i] = (answer[i] - total - normal[i] * along) * factor;
    }
  }

  std::vector<double> normal, answer;
  double factor = 0.0;
};

void Raise(double& worst, double error) {
  if (!(error <= worst)) worst = error;
}

}  // namespace

NormCase::NormCase(const NormShape& its_shape) : shape(its_shape) {
  const std::size_t arrays = shape.backward ? 3 : 2;
  points = std::max<std::size_t>(shape.bytes / (arrays * sizeof(float) * shape.width), 1);
  // Whole vectors in feature-major, and equal parts for two threads.
  if (points > 32) points = points / 32 * 32;
  x = Buffer(size());
  Fill(1, x);
  if (shape.backward) {
    d_y = Buffer(size());
    d_x = Buffer(size());
    Fill(2, d_y);
  } else {
    y = Buffer(size());
  }
  for (std::size_t i = 0; i < shape.width; ++i) {
    weight.push_back(1.0f + 0.01f * static_cast<float>(i % 7));
    bias.push_back(0.1f * static_cast<float>(i % 5));
  }
  d_weight.resize(shape.width);
  d_bias.resize(shape.width);
}

void NormCase::Forget() {
  Buffer& array = shape.backward ? d_x : y;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  std::fill_n(array.data(), array.size(), nan);
  std::fill(d_weight.begin(), d_weight.end(), nan);
  std::fill(d_bias.begin(), d_bias.end(), nan);
}

double ErrorOf(const NormCase& norm) {
  const std::size_t width = norm.shape.width;
  const Buffer& given = norm.shape.backward ? norm.d_x : norm.y;
  std::vector<double> d_weight(width), d_bias(width), weight_size(width), bias_size(width);
  Exact exact(width);
  double worst = 0.0;
  for (std::size_t p = 0; p < norm.points; ++p) {
    exact.Find(norm, p);
    for (std::size_t i = 0; i < width; ++i) {
      const std::size_t at = norm.OffsetOf(p, i);
      const double value = exact.answer[i];
      Raise(worst, std::abs(static_cast<double>(given[at]) - value) /
                       (1.0 + std::abs(value) + exact.factor));
      if (!norm.shape.backward) continue;
      const auto d_y = static_cast<double>(norm.d_y[at]);
      d_weight[i] += d_y * exact.normal[i];
      d_bias[i] += d_y;
      weight_size[i] += std::pow(d_y * exact.normal[i], 2.0);
      bias_size[i] += d_y * d_y;
    }
  }
  for (std::size_t i = 0; norm.shape.backward && i < width; ++i) {
    Raise(worst, std::abs(static_cast<double>(norm.d_weight[i]) - d_weight[i]) /
                     (1.0 + 10.0 * std::sqrt(weight_size[i])));
    Raise(worst, std::abs(static_cast<double>(norm.d_bias[i]) - d_bias[i]) /
                     (1.0 + 10.0 * std::sqrt(bias_size[i])));
  }
  return worst;
}

}  // namespace crease::benchmarks
