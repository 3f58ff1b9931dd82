// Losses of one group of 16 points, and their sums over groups.
#if defined(CREASE_KERNELS_LOSS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef CREASE_KERNELS_LOSS_INL_H_
#undef CREASE_KERNELS_LOSS_INL_H_
#else
#define CREASE_KERNELS_LOSS_INL_H_
#endif

#include "lib/kernels/loss.h"
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

// CrossEntropyGroup with two outputs, the same bits: the larger one's power is exactly 1.
HWY_INLINE void CrossEntropyOfTwo(const float* z, const Group& label, float scale, float* d_z,
                                  Totals& totals) {
  const Group z0 = Load(z), z1 = Load(z + kLanes), one = Set(1.0f);
  const GroupMask second = Less(z0, z1);
  const Group largest = Select(second, z1, z0), index = Select(second, one, Zero());
  const Group rest = Exp(Select(second, z0, z1) - largest);
  const GroupMask padding = Less(label, Zero()), is_second = Equal(label, one);
  const Group loss = Log1p(rest) + (largest - Select(is_second, z1, z0));
  totals.loss.Add(Select(padding, Zero(), loss));
  totals.CountCorrect(index, label);

  const Group inverse = one / (one + rest);
  const Group probability = rest * inverse;  // of the smaller one
  const GroupMask right = Equal(index, label);
  const Group of_label = Select(right, -probability, probability - one) * Set(scale);
  const Group of_other = Select(right, probability, inverse) * Set(scale);
  Store(Select(padding, Zero(), Select(is_second, of_other, of_label)), d_z);
  Store(Select(padding, Zero(), Select(is_second, of_label, of_other)), d_z + kLanes);
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

}  // namespace HWY_NAMESPACE
}  // namespace crease::kernels
HWY_AFTER_NAMESPACE();

#endif  // target toggle
