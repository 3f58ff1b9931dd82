// The step of narrow.h for a width that is known at compile time.
//
// A few groups go through the whole network together, every operation on all of them before the
// next: one group alone would wait for its own square roots, divisions and exponentials (measured:
// 209 cycles a group of width 3 one by one, 131 in threes).
#if defined(CREASE_KERNELS_NARROW_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef CREASE_KERNELS_NARROW_INL_H_
#undef CREASE_KERNELS_NARROW_INL_H_
#else
#define CREASE_KERNELS_NARROW_INL_H_
#endif

#include <algorithm>

#include "lib/kernels/lane_sums-inl.h"
#include "lib/kernels/layout.h"
#include "lib/kernels/loss-inl.h"
#include "lib/kernels/narrow.h"
#include "lib/kernels/narrow_norm-inl.h"

HWY_BEFORE_NAMESPACE();
namespace crease::kernels {
namespace HWY_NAMESPACE {

template <std::size_t kGroups>
HWY_INLINE void Accumulate(const Groups<kGroups>& terms, float* sum) {
  Group total = Load(sum);
  for (std::size_t g = 0; g < kGroups; ++g) total = total + Part(terms, g);
  Store(total, sum);
}

template <std::size_t kGroups>
HWY_INLINE void AccumulateProduct(const Groups<kGroups>& a, const Groups<kGroups>& b, float* sum) {
  Group total = Load(sum);
  for (std::size_t g = 0; g < kGroups; ++g) total = MulAdd(Part(a, g), Part(b, g), total);
  Store(total, sum);
}

// Norm: of narrow_norm-inl.h.
template <std::size_t kWidth, typename Norm>
class NarrowKernel {
 public:
  NarrowKernel(const NarrowStep& step, float* scratch)
      : step_(step), norm_(step.norm), hidden_(step.layers.size() - 1), scratch_(scratch) {
    float* next = scratch;
    for (std::size_t l = 0; l < step.layers.size(); ++l) {
      const NarrowLayer& layer = step.layers[l];
      Sums& sums = sums_[l];
      sums.weight = next;
      sums.bias = sums.weight + layer.outputs * layer.inputs * kLanes;
      sums.alpha = sums.bias + layer.outputs * kLanes;
      next = sums.alpha + kLanes;
    }
    scratch_size_ = static_cast<std::size_t>(next - scratch);
  }

  LossResult Run() {
    // Beyond a width of 6, three groups do not fit the 32 registers.
    constexpr std::size_t kBlock = kWidth <= 6 ? 3 : 2;
    Totals totals;
    const std::size_t groups = GroupsOf(step_.points);
    for (std::size_t first = 0; first < groups; first += kChunkGroups) {
      std::fill_n(scratch_, scratch_size_, 0.0f);
      std::size_t g = first, left = std::min(groups - first, kChunkGroups);
      for (; left >= kBlock; left -= kBlock, g += kBlock) Block<kBlock>(g, totals);
      for (; left > 0; --left, ++g) Block<1>(g, totals);
      SumOverPoints(first > 0);
    }
    const auto points = static_cast<double>(step_.points);
    return totals.Result(step_.targets == nullptr ? points
                                                  : points * static_cast<double>(step_.supervised));
  }

 private:
  // Sums over points, 16 lanes for each parameter of a layer.
  struct Sums {
    float *weight, *bias, *alpha;
  };

  // What the backward pass needs of a hidden layer.
  template <std::size_t kGroups>
  struct Hidden {
    Entries<kWidth, kGroups> u;
    typename Norm::template State<kGroups> state;
  };

  template <std::size_t kGroups>
  HWY_INLINE void Block(std::size_t first, Totals& totals) {
    Hidden<kGroups> hidden[kNarrowDepth];
    Entries<kWidth, kGroups> entries;
    for (std::size_t l = 0; l < hidden_; ++l) ForwardHidden<kGroups>(l, first, entries, hidden[l]);
    Head<kGroups>(first, hidden[hidden_ - 1].u, entries, totals);
    for (std::size_t l = hidden_; l-- > 0;) {
      BackwardNorm<kGroups>(l, hidden[l], entries);
      if (l == 0) break;
      BackwardLinear<kGroups>(l, hidden[l - 1].u, entries);
    }
    BackwardFirst<kGroups>(first, entries);
  }

  // entries: the output of the layer below (nothing for l = 0), then of this one.
  template <std::size_t kGroups>
  HWY_INLINE void ForwardHidden(std::size_t l, std::size_t first, Entries<kWidth, kGroups>& entries,
                                Hidden<kGroups>& hidden) const {
    const NarrowLayer& layer = step_.layers[l];
    if (l == 0) {
      ForwardFirst<kGroups>(first, entries);
    } else {
      const Entries<kWidth, kGroups> below = entries;
      for (std::size_t o = 0; o < kWidth; ++o) entries.e[o] = Output<kGroups>(layer, o, below);
    }
    norm_.template Forward<kGroups>(layer.alpha == nullptr ? 0.0f : *layer.alpha, entries,
                                    hidden.state);
    hidden.u = entries;
  }

  template <std::size_t kGroups>
  HWY_INLINE void ForwardFirst(std::size_t first, Entries<kWidth, kGroups>& z) const {
    using P = Groups<kGroups>;
    const NarrowLayer& layer = step_.layers[0];
    const std::size_t stride = layer.inputs * kLanes;
    for (std::size_t o = 0; o < kWidth; ++o) z.e[o] = BiasOf<P>(layer, o);
    for (std::size_t i = 0; i < layer.inputs; ++i) {
      const P value = LoadGroups<kGroups>(step_.x + first * stride + i * kLanes, stride);
      for (std::size_t o = 0; o < kWidth; ++o) {
        z.e[o] = MulAdd(Set<P>(layer.weight[o * layer.inputs + i]), value, z.e[o]);
      }
    }
  }

  template <typename P>
  HWY_INLINE static P BiasOf(const NarrowLayer& layer, std::size_t o) {
    return Set<P>(layer.bias == nullptr ? 0.0f : layer.bias[o]);
  }

  template <std::size_t kGroups>
  HWY_INLINE static Groups<kGroups> Output(const NarrowLayer& layer, std::size_t o,
                                           const Entries<kWidth, kGroups>& h) {
    using P = Groups<kGroups>;
    P z = BiasOf<P>(layer, o);
    for (std::size_t i = 0; i < kWidth; ++i) {
      z = MulAdd(Set<P>(layer.weight[o * kWidth + i]), h.e[i], z);
    }
    return z;
  }

  // The last linear and the loss, forward and backward; d: the gradient of top.
  template <std::size_t kGroups>
  HWY_INLINE void Head(std::size_t first, const Entries<kWidth, kGroups>& top,
                       Entries<kWidth, kGroups>& d, Totals& totals) {
    using P = Groups<kGroups>;
    const NarrowLayer& head = step_.layers[hidden_];
    if (step_.targets == nullptr && head.outputs == 2) {
      const auto scale = static_cast<float>(1.0 / static_cast<double>(step_.points));
      const P label = LoadLabels<kGroups>(step_.labels + first * kLanes);
      P d_z0, d_z1;
      CrossEntropyOfTwo(Output<kGroups>(head, 0, top), Output<kGroups>(head, 1, top), label, scale,
                        d_z0, d_z1, totals);
      for (std::size_t i = 0; i < kWidth; ++i) d.e[i] = Zero<P>();
      BackwardOutput<kGroups>(hidden_, 0, d_z0, top, d);
      BackwardOutput<kGroups>(hidden_, 1, d_z1, top, d);
      return;
    }
    const std::size_t stride = head.outputs * kLanes;
    alignas(64) float z[kGroups * kNarrowOutputs * kLanes], d_z[kGroups * kNarrowOutputs * kLanes];
    for (std::size_t o = 0; o < head.outputs; ++o) {
      StoreGroups<kGroups>(Output<kGroups>(head, o, top), stride, z + o * kLanes);
    }
    LossOf<kGroups>(first, head.outputs, z, d_z, totals);
    for (std::size_t i = 0; i < kWidth; ++i) d.e[i] = Zero<P>();
    for (std::size_t o = 0; o < head.outputs; ++o) {
      BackwardOutput<kGroups>(hidden_, o, LoadGroups<kGroups>(d_z + o * kLanes, stride), top, d);
    }
  }

  // z, d_z (kGroups, outputs, 16).
  template <std::size_t kGroups>
  HWY_INLINE void LossOf(std::size_t first, std::size_t outputs, const float* z, float* d_z,
                         Totals& totals) const {
    const auto points = static_cast<double>(step_.points);
    if (step_.targets == nullptr) {
      CrossEntropyGroups<kGroups>(outputs, z, LoadLabels<kGroups>(step_.labels + first * kLanes),
                                  static_cast<float>(1.0 / points), d_z, totals);
      return;
    }
    const double count = points * static_cast<double>(step_.supervised);
    SquaredErrorGroups<kGroups>({outputs, step_.supervised, step_.points}, z,
                                step_.targets + first * outputs * kLanes,
                                FirstLanes<kGroups>(step_.points - first * kLanes),
                                static_cast<float>(2.0 / count), d_z, totals);
    if (step_.labels == nullptr) return;
    totals.CountCorrect(FindLargest<kGroups>(outputs, z).index,
                        LoadLabels<kGroups>(step_.labels + first * kLanes));
  }

  // One output's share of a linear's gradients, and of the gradient d of what it sees, h.
  template <std::size_t kGroups>
  HWY_INLINE void BackwardOutput(std::size_t l, std::size_t o, const Groups<kGroups>& d_z,
                                 const Entries<kWidth, kGroups>& h, Entries<kWidth, kGroups>& d) {
    Accumulate<kGroups>(d_z, sums_[l].bias + o * kLanes);
    const float* weight = step_.layers[l].weight + o * kWidth;
    float* sums = sums_[l].weight + o * kWidth * kLanes;
    for (std::size_t i = 0; i < kWidth; ++i) {
      AccumulateProduct<kGroups>(d_z, h.e[i], sums + i * kLanes);
      d.e[i] = MulAdd(Set<Groups<kGroups>>(weight[i]), d_z, d.e[i]);
    }
  }

  // d: of linear l's outputs, then of h, which it sees.
  template <std::size_t kGroups>
  HWY_INLINE void BackwardLinear(std::size_t l, const Entries<kWidth, kGroups>& h,
                                 Entries<kWidth, kGroups>& d) {
    const Entries<kWidth, kGroups> d_z = d;
    for (std::size_t i = 0; i < kWidth; ++i) d.e[i] = Zero<Groups<kGroups>>();
    for (std::size_t o = 0; o < kWidth; ++o) BackwardOutput<kGroups>(l, o, d_z.e[o], h, d);
  }

  template <std::size_t kGroups>
  HWY_INLINE void BackwardFirst(std::size_t first, const Entries<kWidth, kGroups>& d_z) {
    const std::size_t inputs = step_.layers[0].inputs, stride = inputs * kLanes;
    for (std::size_t o = 0; o < kWidth; ++o) {
      Accumulate<kGroups>(d_z.e[o], sums_[0].bias + o * kLanes);
    }
    for (std::size_t i = 0; i < inputs; ++i) {
      const auto x = LoadGroups<kGroups>(step_.x + first * stride + i * kLanes, stride);
      for (std::size_t o = 0; o < kWidth; ++o) {
        AccumulateProduct<kGroups>(d_z.e[o], x, sums_[0].weight + (o * inputs + i) * kLanes);
      }
    }
  }

  template <std::size_t kGroups>
  HWY_INLINE void BackwardNorm(std::size_t l, const Hidden<kGroups>& hidden,
                               Entries<kWidth, kGroups>& d) {
    const NarrowLayer& layer = step_.layers[l];
    norm_.template Backward<kGroups>(layer.alpha == nullptr ? 0.0f : *layer.alpha, hidden.u,
                                     hidden.state, d, sums_[l].alpha);
  }

  void SumOverPoints(bool add) const {
    const auto take = [add](const float* lanes, std::size_t count, float* to) HWY_ATTR {
      if (to != nullptr) SumLanes(lanes, count, add, to);
    };
    for (std::size_t l = 0; l < step_.layers.size(); ++l) {
      const NarrowLayer& layer = step_.layers[l];
      take(sums_[l].weight, layer.outputs * layer.inputs, layer.d_weight);
      take(sums_[l].bias, layer.outputs, layer.d_bias);
      take(sums_[l].alpha, 1, layer.d_alpha);
    }
  }

  const NarrowStep& step_;
  Norm norm_;
  std::size_t hidden_;  // hidden layers
  float* scratch_;
  std::size_t scratch_size_ = 0;
  Sums sums_[kNarrowDepth + 1];
};

// With several vectors to a group the registers do not hold even a width of 3, and the kernels that
// this stands for are as fast or faster (AVX2).
inline constexpr bool kNarrowPays = kVectors == 1;

// Requires: step.norm.width is one of NarrowSupports.
template <template <std::size_t> typename Norm>
LossResult RunNarrow(const NarrowStep& step, float* scratch) {
  if constexpr (kNarrowPays) {
    switch (step.norm.width) {
      case 2:
        return NarrowKernel<2, Norm<2>>(step, scratch).Run();
      case 3:
        return NarrowKernel<3, Norm<3>>(step, scratch).Run();
      case 4:
        return NarrowKernel<4, Norm<4>>(step, scratch).Run();
      case 5:
        return NarrowKernel<5, Norm<5>>(step, scratch).Run();
      case 6:
        return NarrowKernel<6, Norm<6>>(step, scratch).Run();
      case 7:
        return NarrowKernel<7, Norm<7>>(step, scratch).Run();
      case 8:
        return NarrowKernel<8, Norm<8>>(step, scratch).Run();
    }
  }
  return {};
}

}  // namespace HWY_NAMESPACE
}  // namespace crease::kernels
HWY_AFTER_NAMESPACE();

#endif  // target toggle
