#include "tests/kernels/scalar_twin.h"

#include <cmath>
#include <limits>
#include <vector>

#include "lib/kernels/layout.h"
#include "tests/kernels/scalar_math.h"
#include "tests/kernels/scalar_sums.h"

namespace crease::kernels::twin {

void LinearForward(const LinearShape& shape, const float* weight, const float* bias, const float* x,
                   float* z) {
  for (std::size_t p = 0; p < shape.groups * kLanes; ++p) {
    for (std::size_t o = 0; o < shape.outputs; ++o) {
      float sum = bias == nullptr ? 0.0f : bias[o];
      for (std::size_t i = 0; i < shape.inputs; ++i) {
        sum = std::fma(weight[o * shape.inputs + i], x[OffsetOf(p, i, shape.inputs)], sum);
      }
      z[OffsetOf(p, o, shape.outputs)] = sum;
    }
  }
}

void LinearBackwardInput(const LinearShape& shape, const float* weight, const float* d_z,
                         float* d_x) {
  for (std::size_t p = 0; p < shape.groups * kLanes; ++p) {
    for (std::size_t i = 0; i < shape.inputs; ++i) {
      float sum = 0.0f;
      for (std::size_t o = 0; o < shape.outputs; ++o) {
        sum = std::fma(weight[o * shape.inputs + i], d_z[OffsetOf(p, o, shape.outputs)], sum);
      }
      d_x[OffsetOf(p, i, shape.inputs)] = sum;
    }
  }
}

void LinearBackwardWeights(const LinearShape& shape, const float* d_z, const float* x, bool add,
                           float* d_weight, float* d_bias) {
  for (std::size_t o = 0; o < shape.outputs; ++o) {
    float bias_lanes[kLanes] = {};
    for (std::size_t p = 0; p < shape.groups * kLanes; ++p) {
      bias_lanes[p % kLanes] += d_z[OffsetOf(p, o, shape.outputs)];
    }
    if (d_bias != nullptr) {
      d_bias[o] = add ? d_bias[o] + SumOverLanes(bias_lanes) : SumOverLanes(bias_lanes);
    }
    for (std::size_t i = 0; i < shape.inputs; ++i) {
      float lanes[kLanes] = {};
      for (std::size_t p = 0; p < shape.groups * kLanes; ++p) {
        lanes[p % kLanes] = std::fma(d_z[OffsetOf(p, o, shape.outputs)],
                                     x[OffsetOf(p, i, shape.inputs)], lanes[p % kLanes]);
      }
      float& sum = d_weight[o * shape.inputs + i];
      sum = add ? sum + SumOverLanes(lanes) : SumOverLanes(lanes);
    }
  }
}

void AffineForward(std::size_t width, std::size_t groups, const float* u, const float* weight,
                   const float* bias, float* y) {
  for (std::size_t p = 0; p < groups * kLanes; ++p) {
    for (std::size_t i = 0; i < width; ++i) {
      y[OffsetOf(p, i, width)] = std::fma(weight[i], u[OffsetOf(p, i, width)], bias[i]);
    }
  }
}

void ActivationForward(ActivationKind kind, std::size_t count, const float* z, float* a) {
  for (std::size_t i = 0; i < count; ++i) {
    const float value = z[i];
    switch (kind) {
      case ActivationKind::kNone:
        a[i] = value;
        break;
      case ActivationKind::kRelu:
        a[i] = value < 0.0f ? 0.0f : value;
        break;
      case ActivationKind::kGelu:
        a[i] = Gelu(value);
        break;
      case ActivationKind::kElu:
        a[i] = value > 0.0f ? value : Expm1(value);
        break;
      case ActivationKind::kTanh:
        a[i] = Tanh(value);
        break;
    }
  }
}

void ActivationBackward(ActivationKind kind, std::size_t count, const float* z, const float* a,
                        const float* d_a, float* d_z) {
  for (std::size_t i = 0; i < count; ++i) {
    float slope = 1.0f;
    switch (kind) {
      case ActivationKind::kNone:
        break;
      case ActivationKind::kRelu:
        slope = z[i] > 0.0f ? 1.0f : 0.0f;
        break;
      case ActivationKind::kGelu:
        slope = GeluDerivative(z[i]);
        break;
      case ActivationKind::kElu:
        slope = z[i] > 0.0f ? 1.0f : a[i] + 1.0f;
        break;
      case ActivationKind::kTanh:
        slope = std::fma(-a[i], a[i], 1.0f);
        break;
    }
    d_z[i] = d_a[i] * slope;
  }
}

void SgdUpdate(const SgdStep& step, std::size_t count, const float* gradient, float* buffer,
               float* parameter) {
  for (std::size_t i = 0; i < count; ++i) {
    float direction = std::fma(step.weight_decay, parameter[i], gradient[i]);
    if (step.momentum != 0.0f) {
      if (!step.first) direction = std::fma(step.momentum, buffer[i], direction);
      buffer[i] = direction;
    }
    parameter[i] = std::fma(-step.lr, direction, parameter[i]);
  }
}

void AdamUpdate(const AdamStep& step, std::size_t count, const float* gradient, float* m, float* v,
                float* parameter) {
  for (std::size_t i = 0; i < count; ++i) {
    const float g = std::fma(step.coupled_decay, parameter[i], gradient[i]);
    const float p = parameter[i] * step.decoupled_factor;
    m[i] = std::fma(step.one_minus_beta1, g, step.beta1 * m[i]);
    v[i] = std::fma(step.one_minus_beta2 * g, g, step.beta2 * v[i]);
    const float denominator = std::sqrt(v[i]) / step.sqrt_correction2 + step.eps;
    parameter[i] = std::fma(-step.lr_over_correction1, m[i] / denominator, p);
  }
}

double SumOfSquares(const float* values, std::size_t count) {
  double lanes[kLanes] = {};
  for (std::size_t i = 0; i < count; ++i) {
    lanes[i % kLanes] += static_cast<double>(values[i]) * static_cast<double>(values[i]);
  }
  return SumOverLanes(lanes);
}

double SumOfSquaredDifferences(const float* a, const float* b, std::size_t count) {
  std::vector<float> difference(count);
  for (std::size_t i = 0; i < count; ++i) difference[i] = a[i] - b[i];
  return SumOfSquares(difference.data(), count);
}

}  // namespace crease::kernels::twin
