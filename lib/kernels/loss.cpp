#include "lib/kernels/loss.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lib/kernels/loss.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "lib/kernels/layout.h"
#include "lib/kernels/math-inl.h"
#include "lib/kernels/reduce-inl.h"
#include "lib/kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace crease::kernels {
namespace HWY_NAMESPACE {

HWY_INLINE Group LoadLabels(const std::int32_t* labels) {
  const IntegerTag d;
  Group r;
  CREASE_FOR_EACH_VECTOR(r.v[i] = hn::ConvertTo(Tag(), hn::Load(d, labels + i * kVectorLanes)));
  return r;
}

struct Largest {
  Group value, index;
};

HWY_INLINE Largest FindLargest(std::size_t outputs, const float* z) {
  Largest largest = {Load(z), Zero()};
  for (std::size_t c = 1; c < outputs; ++c) {
    const Group value = Load(z + c * kLanes);
    const GroupMask above = Less(largest.value, value);
    largest.value = Select(above, value, largest.value);
    largest.index = Select(above, Set(static_cast<float>(c)), largest.index);
  }
  return largest;
}

struct Totals {
  DoubleLanes loss;
  Group correct;

  HWY_INLINE void CountCorrect(const Group& predicted, const Group& label) {
    correct = correct + Select(Equal(predicted, label), Set(1.0f), Zero());
  }
  HWY_INLINE LossResult Result(double count) const {
    alignas(64) float lanes[kLanes];
    Store(correct, lanes);
    std::size_t total = 0;
    for (const float lane : lanes) total += static_cast<std::size_t>(lane);
    return {loss.Sum() / count, total};
  }
};

// One group of 16 points. d_z: gradients times `scale`, or nullptr.
HWY_INLINE void CrossEntropyGroup(std::size_t outputs, const float* z, const Group& label,
                                  float scale, float* d_z, Totals& totals) {
  const Largest largest = FindLargest(outputs, z);
  Group rest = Zero(), label_logit = Zero();
  for (std::size_t c = 0; c < outputs; ++c) {
    const Group index = Set(static_cast<float>(c)), logit = Load(z + c * kLanes);
    const Group power = Exp(logit - largest.value);
    rest = rest + Select(Equal(index, largest.index), Zero(), power);
    label_logit = Select(Equal(index, label), logit, label_logit);
    if (d_z != nullptr) Store(power, d_z + c * kLanes);
  }
  const GroupMask padding = Less(label, Zero());
  const Group loss = Log1p(rest) + (largest.value - label_logit);
  totals.loss.Add(Select(padding, Zero(), loss));
  totals.CountCorrect(largest.index, label);
  if (d_z == nullptr) return;

  const Group inverse = Set(1.0f) / (Set(1.0f) + rest);
  for (std::size_t c = 0; c < outputs; ++c) {
    const Group index = Set(static_cast<float>(c));
    const Group probability = Load(d_z + c * kLanes) * inverse;
    // 1 - p of the largest output is rest / (1 + rest), without cancellation.
    const Group others =
        Select(Equal(index, largest.index), -(rest * inverse), probability - Set(1.0f));
    const Group gradient = Select(Equal(index, label), others, probability);
    Store(Select(padding, Zero(), gradient * Set(scale)), d_z + c * kLanes);
  }
}

LossResult CrossEntropyLoss(const LossShape& shape, const float* logits, const std::int32_t* labels,
                            float* d_logits) {
  Totals totals = {{}, Zero()};
  const std::size_t stride = shape.outputs * kLanes;
  const auto scale = static_cast<float>(1.0 / static_cast<double>(shape.points));
  for (std::size_t g = 0; g < GroupsOf(shape.points); ++g) {
    CrossEntropyGroup(shape.outputs, logits + g * stride, LoadLabels(labels + g * kLanes), scale,
                      d_logits == nullptr ? nullptr : d_logits + g * stride, totals);
  }
  return totals.Result(static_cast<double>(shape.points));
}

HWY_INLINE void SquaredErrorGroup(const LossShape& shape, const float* z, const float* target,
                                  const GroupMask& real, float scale, float* d_z, Totals& totals) {
  Group sum = Zero();
  for (std::size_t c = 0; c < shape.supervised; ++c) {
    const Group error = Load(z + c * kLanes) - Load(target + c * kLanes);
    sum = MulAdd(error, error, sum);
    if (d_z != nullptr) Store(Select(real, error * Set(scale), Zero()), d_z + c * kLanes);
  }
  for (std::size_t c = shape.supervised; d_z != nullptr && c < shape.outputs; ++c) {
    Store(Zero(), d_z + c * kLanes);
  }
  totals.loss.Add(Select(real, sum, Zero()));
}

LossResult SquaredErrorLoss(const LossShape& shape, const float* outputs, const float* targets,
                            const std::int32_t* labels, float* d_outputs) {
  Totals totals = {{}, Zero()};
  const std::size_t stride = shape.outputs * kLanes;
  const double count = static_cast<double>(shape.points) * static_cast<double>(shape.supervised);
  for (std::size_t g = 0; g < GroupsOf(shape.points); ++g) {
    const float* z = outputs + g * stride;
    SquaredErrorGroup(shape, z, targets + g * stride, FirstLanes(shape.points - g * kLanes),
                      static_cast<float>(2.0 / count),
                      d_outputs == nullptr ? nullptr : d_outputs + g * stride, totals);
    if (labels != nullptr) {
      totals.CountCorrect(FindLargest(shape.outputs, z).index, LoadLabels(labels + g * kLanes));
    }
  }
  return totals.Result(count);
}

}  // namespace HWY_NAMESPACE
}  // namespace crease::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace crease::kernels {

HWY_EXPORT(CrossEntropyLoss);
HWY_EXPORT(SquaredErrorLoss);

LossResult CrossEntropy(const LossShape& shape, const float* logits, const std::int32_t* labels,
                        float* d_logits) {
  return HWY_DYNAMIC_DISPATCH(CrossEntropyLoss)(shape, logits, labels, d_logits);
}

LossResult MeanSquaredError(const LossShape& shape, const float* outputs, const float* targets,
                            const std::int32_t* labels, float* d_outputs) {
  return HWY_DYNAMIC_DISPATCH(SquaredErrorLoss)(shape, outputs, targets, labels, d_outputs);
}

}  // namespace crease::kernels
#endif  // HWY_ONCE
