#include <cmath>
#include <vector>

#include "lib/kernels/layout.h"
#include "tests/kernels/scalar_math.h"
#include "tests/kernels/scalar_sums.h"
#include "tests/kernels/scalar_twin.h"

namespace crease::kernels::twin {
namespace {

// The first of the largest outputs.
std::size_t FindLargest(std::size_t outputs, const float* z, std::size_t p) {
  std::size_t largest = 0;
  for (std::size_t c = 1; c < outputs; ++c) {
    if (z[OffsetOf(p, largest, outputs)] < z[OffsetOf(p, c, outputs)]) largest = c;
  }
  return largest;
}

// Gradients of point p in `d_z` (outputs), before the division by the count; returns its loss.
float PointCrossEntropy(std::size_t outputs, const float* logits, std::size_t p, std::size_t label,
                        std::size_t largest, std::vector<float>& d_z) {
  const auto logit = [&](std::size_t c) { return logits[OffsetOf(p, c, outputs)]; };
  float rest = 0.0f;
  for (std::size_t c = 0; c < outputs; ++c) {
    d_z[c] = Exp(logit(c) - logit(largest));
    // Adding a zero for the largest as the kernel does changes nothing but the sign of a zero.
    rest = rest + (c == largest ? 0.0f : d_z[c]);
  }
  const float inverse = 1.0f / (1.0f + rest);
  for (std::size_t c = 0; c < outputs; ++c) {
    const float probability = d_z[c] * inverse;
    d_z[c] = c != label ? probability : c == largest ? -(rest * inverse) : probability - 1.0f;
  }
  return Log1p(rest) + (logit(largest) - logit(label));
}

}  // namespace

LossResult CrossEntropy(const LossShape& shape, const float* logits, const std::int32_t* labels,
                        float* d_logits) {
  LossResult result;
  double lanes[kLanes] = {};
  const auto scale = static_cast<float>(1.0 / static_cast<double>(shape.points));
  std::vector<float> d_z(shape.outputs);
  for (std::size_t p = 0; p < PadToLanes(shape.points); ++p) {
    const bool real = labels[p] >= 0;
    if (real) {
      const auto label = static_cast<std::size_t>(labels[p]);
      const std::size_t largest = FindLargest(shape.outputs, logits, p);
      const float loss = PointCrossEntropy(shape.outputs, logits, p, label, largest, d_z);
      lanes[p % kLanes] += static_cast<double>(loss);
      if (largest == label) ++result.correct;
    }
    for (std::size_t c = 0; d_logits != nullptr && c < shape.outputs; ++c) {
      d_logits[OffsetOf(p, c, shape.outputs)] = real ? d_z[c] * scale : 0.0f;
    }
  }
  result.loss = SumOverLanes(lanes) / static_cast<double>(shape.points);
  return result;
}

LossResult MeanSquaredError(const LossShape& shape, const float* outputs, const float* targets,
                            const std::int32_t* labels, float* d_outputs) {
  LossResult result;
  double lanes[kLanes] = {};
  const double count = static_cast<double>(shape.points) * static_cast<double>(shape.supervised);
  const auto scale = static_cast<float>(2.0 / count);
  for (std::size_t p = 0; p < PadToLanes(shape.points); ++p) {
    const bool real = p < shape.points;
    float sum = 0.0f;
    for (std::size_t c = 0; c < shape.outputs; ++c) {
      const std::size_t at = OffsetOf(p, c, shape.outputs);
      const bool counts = real && c < shape.supervised;
      const float error = outputs[at] - targets[at];
      if (counts) sum = std::fma(error, error, sum);
      if (d_outputs != nullptr) d_outputs[at] = counts ? error * scale : 0.0f;
    }
    lanes[p % kLanes] += static_cast<double>(sum);
    if (real && labels != nullptr &&
        FindLargest(shape.outputs, outputs, p) == static_cast<std::size_t>(labels[p])) {
      ++result.correct;
    }
  }
  result.loss = SumOverLanes(lanes) / count;
  return result;
}

}  // namespace crease::kernels::twin
