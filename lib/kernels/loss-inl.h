// Losses of a few groups of 16 points at once, and their sums over groups.
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

template <std::size_t kGroups = 1>
HWY_INLINE Groups<kGroups> LoadLabels(const std::int32_t* labels) {
  const IntegerTag d;
  Groups<kGroups> r;
  for (std::size_t i = 0; i < kGroups * kVectors; ++i) {
    r.v[i] = hn::ConvertTo(Tag(), hn::Load(d, labels + i * kVectorLanes));
  }
  return r;
}

template <typename P>
struct Largest {
  P value, index;
};

template <std::size_t kGroups>
HWY_INLINE Largest<Groups<kGroups>> FindLargest(std::size_t outputs, const float* z) {
  using P = Groups<kGroups>;
  const std::size_t stride = outputs * kLanes;
  Largest<P> largest = {LoadGroups<kGroups>(z, stride), Zero<P>()};
  for (std::size_t c = 1; c < outputs; ++c) {
    const P value = LoadGroups<kGroups>(z + c * kLanes, stride);
    const auto above = Less(largest.value, value);
    largest.value = Select(above, value, largest.value);
    largest.index = Select(above, Set<P>(static_cast<float>(c)), largest.index);
  }
  return largest;
}

struct Totals {
  DoubleLanes loss;
  Group correct = Zero();

  Totals() = default;
  HWY_INLINE explicit Totals(const LossSums& sums) : correct(Load(sums.correct)) {
    for (std::size_t i = 0; i < kLanes; ++i) loss.lane[i] = sums.loss[i];
  }
  HWY_INLINE void StoreTo(LossSums& sums) const {
    Store(correct, sums.correct);
    for (std::size_t i = 0; i < kLanes; ++i) sums.loss[i] = loss.lane[i];
  }

  template <std::size_t kCount>
  HWY_INLINE void AddLoss(const Vectors<kCount>& losses) {
    for (std::size_t g = 0; g < kCount / kVectors; ++g) loss.Add(Part(losses, g));
  }
  template <std::size_t kCount>
  HWY_INLINE void CountCorrect(const Vectors<kCount>& predicted, const Vectors<kCount>& label) {
    using P = Vectors<kCount>;
    const P right = Select(Equal(predicted, label), Set<P>(1.0f), Zero<P>());
    for (std::size_t g = 0; g < kCount / kVectors; ++g) correct = correct + Part(right, g);
  }
  HWY_INLINE LossResult Result(double count) const {
    alignas(64) float lanes[kLanes];
    Store(correct, lanes);
    std::size_t total = 0;
    for (const float lane : lanes) total += static_cast<std::size_t>(lane);
    return {loss.Sum() / count, total};
  }
};

// z, d_z (kGroups, outputs, 16). d_z: gradients times `scale`, or nullptr.
template <std::size_t kGroups>
HWY_INLINE void CrossEntropyGroups(std::size_t outputs, const float* z,
                                   const Groups<kGroups>& label, float scale, float* d_z,
                                   Totals& totals) {
  using P = Groups<kGroups>;
  const std::size_t stride = outputs * kLanes;
  const Largest<P> largest = FindLargest<kGroups>(outputs, z);
  P rest = Zero<P>(), label_logit = Zero<P>();
  for (std::size_t c = 0; c < outputs; ++c) {
    const P index = Set<P>(static_cast<float>(c)),
            logit = LoadGroups<kGroups>(z + c * kLanes, stride);
    const P power = Exp(logit - largest.value);
    rest = rest + Select(Equal(index, largest.index), Zero<P>(), power);
    label_logit = Select(Equal(index, label), logit, label_logit);
    if (d_z != nullptr) StoreGroups<kGroups>(power, stride, d_z + c * kLanes);
  }
  const auto padding = Less(label, Zero<P>());
  const P loss = Log1p(rest) + (largest.value - label_logit);
  totals.AddLoss(Select(padding, Zero<P>(), loss));
  totals.CountCorrect(largest.index, label);
  if (d_z == nullptr) return;

  const P inverse = Set<P>(1.0f) / (Set<P>(1.0f) + rest);
  for (std::size_t c = 0; c < outputs; ++c) {
    const P index = Set<P>(static_cast<float>(c));
    const P probability = LoadGroups<kGroups>(d_z + c * kLanes, stride) * inverse;
    // 1 - p of the largest output is rest / (1 + rest), without cancellation.
    const P others =
        Select(Equal(index, largest.index), -(rest * inverse), probability - Set<P>(1.0f));
    const P gradient = Select(Equal(index, label), others, probability);
    StoreGroups<kGroups>(Select(padding, Zero<P>(), gradient * Set<P>(scale)), stride,
                         d_z + c * kLanes);
  }
}

// CrossEntropyGroups with two outputs, the same bits: the larger one's power is exactly 1.
template <typename P>
HWY_INLINE void CrossEntropyOfTwo(const P& z0, const P& z1, const P& label, float scale, P& d0,
                                  P& d1, Totals& totals) {
  const P one = Set<P>(1.0f);
  const auto second = Less(z0, z1);
  const P largest = Select(second, z1, z0), index = Select(second, one, Zero<P>());
  const P rest = Exp(Select(second, z0, z1) - largest);
  const auto padding = Less(label, Zero<P>()), is_second = Equal(label, one);
  const P loss = Log1p(rest) + (largest - Select(is_second, z1, z0));
  totals.AddLoss(Select(padding, Zero<P>(), loss));
  totals.CountCorrect(index, label);

  const P inverse = one / (one + rest);
  const P probability = rest * inverse;  // of the smaller one
  const auto right = Equal(index, label);
  const P of_label = Select(right, -probability, probability - one) * Set<P>(scale);
  const P of_other = Select(right, probability, inverse) * Set<P>(scale);
  d0 = Select(padding, Zero<P>(), Select(is_second, of_other, of_label));
  d1 = Select(padding, Zero<P>(), Select(is_second, of_label, of_other));
}

// z, target, d_z (kGroups, outputs, 16); real: the lanes that are points.
template <std::size_t kGroups>
HWY_INLINE void SquaredErrorGroups(const LossShape& shape, const float* z, const float* target,
                                   const Comparisons<kGroups * kVectors>& real, float scale,
                                   float* d_z, Totals& totals) {
  using P = Groups<kGroups>;
  const std::size_t stride = shape.outputs * kLanes;
  P sum = Zero<P>();
  for (std::size_t c = 0; c < shape.supervised; ++c) {
    const P error = LoadGroups<kGroups>(z + c * kLanes, stride) -
                    LoadGroups<kGroups>(target + c * kLanes, stride);
    sum = MulAdd(error, error, sum);
    if (d_z == nullptr) continue;
    StoreGroups<kGroups>(Select(real, error * Set<P>(scale), Zero<P>()), stride, d_z + c * kLanes);
  }
  for (std::size_t c = shape.supervised; d_z != nullptr && c < shape.outputs; ++c) {
    StoreGroups<kGroups>(Zero<P>(), stride, d_z + c * kLanes);
  }
  totals.AddLoss(Select(real, sum, Zero<P>()));
}

}  // namespace HWY_NAMESPACE
}  // namespace crease::kernels
HWY_AFTER_NAMESPACE();

#endif  // target toggle
