#include "lib/kernels/narrow.h"

#include <algorithm>
#include <cassert>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lib/kernels/narrow.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "lib/kernels/lane_sums-inl.h"
#include "lib/kernels/layout.h"
#include "lib/kernels/loss-inl.h"
#include "lib/kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace crease::kernels {
namespace HWY_NAMESPACE {

// Groups of points in flight: they hide each other's latency of square roots and divisions.
inline constexpr std::size_t kBlock = 3;
inline constexpr std::size_t kMaxWidth = 8, kMaxDepth = 8;

// What the backward pass needs of a hidden layer, for one block.
template <std::size_t kWidth, std::size_t kGroups>
struct Hidden {
  Group u[kGroups][kWidth];
  Group y[kGroups][kWidth];  // with affine only
  Group inverse[kGroups];
};

// z = W x + b, x[i] at x + 16 i.
template <std::size_t kOut>
HWY_INLINE void FirstLinear(const NarrowLayer& layer, const float* HWY_RESTRICT x, Group* z) {
  for (std::size_t o = 0; o < kOut; ++o) z[o] = Set(layer.bias == nullptr ? 0.0f : layer.bias[o]);
  for (std::size_t i = 0; i < layer.inputs; ++i) {
    const Group value = Load(x + i * kLanes);
    for (std::size_t o = 0; o < kOut; ++o) {
      z[o] = MulAdd(Set(layer.weight[o * layer.inputs + i]), value, z[o]);
    }
  }
}

template <std::size_t kIn>
HWY_INLINE Group LinearOutput(const NarrowLayer& layer, std::size_t o, const Group* h) {
  Group z = Set(layer.bias == nullptr ? 0.0f : layer.bias[o]);
  for (std::size_t i = 0; i < kIn; ++i) z = MulAdd(Set(layer.weight[o * kIn + i]), h[i], z);
  return z;
}

template <std::size_t kWidth, bool kCentre>
HWY_INLINE Group Normalise(float eps, float share, Group* z) {  // returns 1 / s
  if constexpr (kCentre) {
    for (int pass = 0; pass < 2; ++pass) {
      const Group sum = SumOverEntries(
          kWidth, [&](const Group& part, std::size_t i) HWY_ATTR { return part + z[i]; });
      const Group mean = sum * Set(share);
      for (std::size_t i = 0; i < kWidth; ++i) z[i] = z[i] - mean;
    }
  }
  Group square = SumOverEntries(
      kWidth, [&](const Group& part, std::size_t i) HWY_ATTR { return MulAdd(z[i], z[i], part); });
  const Group inverse = Set(1.0f) / Sqrt(square * Set(share) + Set(eps));
  for (std::size_t i = 0; i < kWidth; ++i) z[i] = z[i] * inverse;
  return inverse;
}

template <std::size_t kWidth, bool kCentre>
HWY_INLINE void NormaliseBackward(float share, const Group* u, const Group& inverse, Group* g) {
  const Group along =
      Set(share) * SumOverEntries(kWidth, [&](const Group& part, std::size_t i)
                                              HWY_ATTR { return MulAdd(u[i], g[i], part); });
  if constexpr (kCentre) {
    const Group sum = SumOverEntries(
        kWidth, [&](const Group& part, std::size_t i) HWY_ATTR { return part + g[i]; });
    const Group mean = sum * Set(share);
    for (std::size_t i = 0; i < kWidth; ++i) g[i] = g[i] - mean;
  }
  for (std::size_t i = 0; i < kWidth; ++i) g[i] = NegMulAdd(u[i], along, g[i]) * inverse;
}

// Sums over lanes are kept for every parameter as 16 lanes in memory, in the layers' order:
// weight, bias, norm weight, norm bias.
template <std::size_t kGroups>
HWY_INLINE void Accumulate(const Group (&terms)[kGroups], float* sum) {
  Group total = Load(sum);
  for (std::size_t g = 0; g < kGroups; ++g) total = total + terms[g];
  Store(total, sum);
}

template <std::size_t kGroups>
HWY_INLINE void AccumulateProduct(const Group (&a)[kGroups], const Group (&b)[kGroups],
                                  float* sum) {
  Group total = Load(sum);
  for (std::size_t g = 0; g < kGroups; ++g) total = MulAdd(a[g], b[g], total);
  Store(total, sum);
}

std::size_t ParametersOf(const NarrowLayer& layer) {
  return layer.outputs * (layer.inputs + 1 + (layer.norm_weight == nullptr ? 0 : 2));
}

// The network's shape and how to norm, known at compile time.
template <std::size_t kWidth, bool kCentre>
class NarrowKernel {
 public:
  NarrowKernel(const NarrowStep& step, float* scratch)
      : step_(step),
        share_(step.norm.kind == NormKind::kUnit ? 1.0f : 1.0f / static_cast<float>(kWidth)),
        scratch_(scratch),
        scratch_size_(0) {
    for (std::size_t l = 0; l < step.layers.size(); ++l) {
      lanes_[l] = scratch + scratch_size_;
      scratch_size_ += ParametersOf(step.layers[l]) * kLanes;
    }
  }

  LossResult Run() {
    Totals totals = {{}, Zero()};
    const std::size_t groups = GroupsOf(step_.points);
    for (std::size_t first = 0; first < groups; first += kChunkGroups) {
      std::fill_n(scratch_, scratch_size_, 0.0f);
      const std::size_t last = std::min(groups, first + kChunkGroups);
      std::size_t g = first;
      for (; g + kBlock <= last; g += kBlock) Block<kBlock>(g, totals);
      for (; g < last; ++g) Block<1>(g, totals);
      for (std::size_t l = 0; l < step_.layers.size(); ++l) {
        SumOverPoints(step_.layers[l], lanes_[l], first > 0);
      }
    }
    return totals.Result(static_cast<double>(step_.points));
  }

 private:
  template <std::size_t kGroups>
  HWY_INLINE void Block(std::size_t first, Totals& totals) {
    Hidden<kWidth, kGroups> hidden[kMaxDepth];
    const std::size_t depth = step_.layers.size() - 1;
    for (std::size_t l = 0; l < depth; ++l) {
      const Group(*below)[kWidth] = l == 0 ? nullptr : OutputOf(l - 1, hidden[l - 1]);
      ForwardHidden<kGroups>(l, first, below, hidden[l]);
    }
    const NarrowLayer& head = step_.layers[depth];
    alignas(64) float d_logits[kGroups][kMaxWidth * kLanes];
    const Group(*top)[kWidth] = OutputOf(depth - 1, hidden[depth - 1]);
    LossOf<kGroups>(head, first, top, d_logits, totals);

    Group d[kGroups][kWidth];
    BackwardHead<kGroups>(head, top, d_logits, lanes_[depth], d);
    for (std::size_t l = depth; l-- > 0;) {
      const Group(*below)[kWidth] = l == 0 ? nullptr : OutputOf(l - 1, hidden[l - 1]);
      BackwardHiddenLayer<kGroups>(l, first, below, hidden[l], d);
    }
  }

  template <std::size_t kGroups>
  HWY_INLINE const Group (*OutputOf(std::size_t l, const Hidden<kWidth, kGroups>& hidden))[kWidth] {
    return step_.layers[l].norm_weight == nullptr ? hidden.u : hidden.y;
  }

  template <std::size_t kGroups>
  HWY_INLINE void ForwardHidden(std::size_t l, std::size_t first, const Group (*below)[kWidth],
                                Hidden<kWidth, kGroups>& hidden) {
    const NarrowLayer& layer = step_.layers[l];
    for (std::size_t g = 0; g < kGroups; ++g) {
      Group z[kWidth];
      if (l == 0) {
        FirstLinear<kWidth>(layer, step_.x + (first + g) * layer.inputs * kLanes, z);
      } else {
        for (std::size_t o = 0; o < kWidth; ++o) z[o] = LinearOutput<kWidth>(layer, o, below[g]);
      }
      hidden.inverse[g] = Normalise<kWidth, kCentre>(step_.norm.eps, share_, z);
      for (std::size_t i = 0; i < kWidth; ++i) hidden.u[g][i] = z[i];
      if (layer.norm_weight == nullptr) continue;
      for (std::size_t i = 0; i < kWidth; ++i) {
        z[i] = MulAdd(Set(layer.norm_weight[i]), z[i], Set(layer.norm_bias[i]));
        hidden.y[g][i] = z[i];
      }
    }
  }

  template <std::size_t kGroups>
  HWY_INLINE void LossOf(const NarrowLayer& head, std::size_t first, const Group (*top)[kWidth],
                         float (*d_logits)[kMaxWidth * kLanes], Totals& totals) {
    const auto scale = static_cast<float>(1.0 / static_cast<double>(step_.points));
    for (std::size_t g = 0; g < kGroups; ++g) {
      alignas(64) float logits[kMaxWidth * kLanes];
      for (std::size_t o = 0; o < head.outputs; ++o) {
        const Group logit = LinearOutput<kWidth>(head, o, top[g]);
        Store(logit, logits + o * kLanes);
      }
      const Group label = LoadLabels(step_.labels + (first + g) * kLanes);
      if (head.outputs == 2) {
        CrossEntropyOfTwo(logits, label, scale, d_logits[g], totals);
      } else {
        CrossEntropyGroup(head.outputs, logits, label, scale, d_logits[g], totals);
      }
    }
  }

  template <std::size_t kGroups>
  HWY_INLINE void BackwardHead(const NarrowLayer& head, const Group (*top)[kWidth],
                               const float (*d_logits)[kMaxWidth * kLanes], float* sums,
                               Group (*d)[kWidth]) {
    for (std::size_t g = 0; g < kGroups; ++g) {
      for (std::size_t i = 0; i < kWidth; ++i) d[g][i] = Zero();
    }
    float* bias_sums = sums + head.outputs * kWidth * kLanes;
    for (std::size_t o = 0; o < head.outputs; ++o) {
      Group d_z[kGroups];
      for (std::size_t g = 0; g < kGroups; ++g) d_z[g] = Load(d_logits[g] + o * kLanes);
      BackwardOutput<kGroups>(head.weight + o * kWidth, d_z, top, sums + o * kWidth * kLanes,
                              bias_sums + o * kLanes, d);
    }
  }

  // One output's share: of the weights' and bias's sums, and of the gradient of the layer below.
  template <std::size_t kGroups>
  HWY_INLINE void BackwardOutput(const float* weight, const Group (&d_z)[kGroups],
                                 const Group (*below)[kWidth], float* weight_sums, float* bias_sum,
                                 Group (*d)[kWidth]) {
    Accumulate<kGroups>(d_z, bias_sum);
    for (std::size_t i = 0; i < kWidth; ++i) {
      Group h[kGroups];
      for (std::size_t g = 0; g < kGroups; ++g) h[g] = below[g][i];
      AccumulateProduct<kGroups>(d_z, h, weight_sums + i * kLanes);
      const Group w = Set(weight[i]);
      for (std::size_t g = 0; g < kGroups; ++g) d[g][i] = MulAdd(w, d_z[g], d[g][i]);
    }
  }

  template <std::size_t kGroups>
  HWY_INLINE void BackwardHiddenLayer(std::size_t l, std::size_t first,
                                      const Group (*below)[kWidth],
                                      const Hidden<kWidth, kGroups>& hidden, Group (*d)[kWidth]) {
    const NarrowLayer& layer = step_.layers[l];
    float* bias_sums = lanes_[l] + kWidth * layer.inputs * kLanes;
    if (layer.norm_weight != nullptr) {
      BackwardAffine<kGroups>(layer, hidden, bias_sums + kWidth * kLanes, d);
    }
    for (std::size_t g = 0; g < kGroups; ++g) {
      NormaliseBackward<kWidth, kCentre>(share_, hidden.u[g], hidden.inverse[g], d[g]);
    }
    Group d_z[kWidth][kGroups];
    for (std::size_t g = 0; g < kGroups; ++g) {
      for (std::size_t o = 0; o < kWidth; ++o) {
        d_z[o][g] = d[g][o];
        d[g][o] = Zero();
      }
    }
    for (std::size_t o = 0; o < kWidth; ++o) {
      float* weight_sums = lanes_[l] + o * layer.inputs * kLanes;
      if (l > 0) {
        BackwardOutput<kGroups>(layer.weight + o * kWidth, d_z[o], below, weight_sums,
                                bias_sums + o * kLanes, d);
        continue;
      }
      Accumulate<kGroups>(d_z[o], bias_sums + o * kLanes);
      for (std::size_t i = 0; i < layer.inputs; ++i) {
        Group h[kGroups];
        for (std::size_t g = 0; g < kGroups; ++g) {
          h[g] = Load(step_.x + ((first + g) * layer.inputs + i) * kLanes);
        }
        AccumulateProduct<kGroups>(d_z[o], h, weight_sums + i * kLanes);
      }
    }
  }

  template <std::size_t kGroups>
  HWY_INLINE void BackwardAffine(const NarrowLayer& layer, const Hidden<kWidth, kGroups>& hidden,
                                 float* sums, Group (*d)[kWidth]) {
    for (std::size_t i = 0; i < kWidth; ++i) {
      Group gradient[kGroups], u[kGroups];
      const Group weight = Set(layer.norm_weight[i]);
      for (std::size_t g = 0; g < kGroups; ++g) {
        gradient[g] = d[g][i];
        u[g] = hidden.u[g][i];
        d[g][i] = gradient[g] * weight;
      }
      AccumulateProduct<kGroups>(gradient, u, sums + i * kLanes);
      Accumulate<kGroups>(gradient, sums + (kWidth + i) * kLanes);
    }
  }

  static void SumOverPoints(const NarrowLayer& layer, const float* lanes, bool add) {
    const auto take = [&lanes, add](float* to, std::size_t count) HWY_ATTR {
      if (to != nullptr) SumLanes(lanes, count, add, to);
      lanes += count * kLanes;
    };
    take(layer.d_weight, layer.outputs * layer.inputs);
    take(layer.d_bias, layer.outputs);
    if (layer.norm_weight == nullptr) return;
    take(layer.d_norm_weight, layer.outputs);
    take(layer.d_norm_bias, layer.outputs);
  }

  const NarrowStep& step_;
  float share_;  // what sums over the entries are multiplied by
  float* scratch_;
  std::size_t scratch_size_;
  float* lanes_[kMaxDepth + 1];  // 16 partial sums for each parameter of a layer
};

template <std::size_t kWidth>
LossResult RunWidth(const NarrowStep& step, float* scratch) {
  return step.norm.kind == NormKind::kLayerNorm ? NarrowKernel<kWidth, true>(step, scratch).Run()
                                                : NarrowKernel<kWidth, false>(step, scratch).Run();
}

// With several vectors to a group, the registers do not hold even a width of 3: the layered kernels
// were 1.2 to 1.5 times as fast with AVX2.
bool Pays() { return kVectors == 1; }

LossResult ForwardBackward(const NarrowStep& step, float* scratch) {
  if constexpr (kVectors == 1) {
    switch (step.norm.width) {
      case 2:
        return RunWidth<2>(step, scratch);
      case 3:
        return RunWidth<3>(step, scratch);
      case 4:
        return RunWidth<4>(step, scratch);
      case 5:
        return RunWidth<5>(step, scratch);
      case 6:
        return RunWidth<6>(step, scratch);
    }
  }
  return {};
}

}  // namespace HWY_NAMESPACE
}  // namespace crease::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace crease::kernels {

HWY_EXPORT(Pays);
HWY_EXPORT(ForwardBackward);

bool NarrowSupports(NormKind norm, std::size_t inputs, std::size_t width, std::size_t outputs,
                    std::size_t depth) {
  const bool root =
      norm == NormKind::kUnit || norm == NormKind::kLayerNorm || norm == NormKind::kRmsNorm;
  const bool compiled = width >= 2 && width <= 6;
  return root && compiled && inputs <= 8 && outputs >= 2 && outputs <= 8 && depth >= 1 &&
         depth <= 8;
}

bool NarrowPays() { return HWY_DYNAMIC_DISPATCH(Pays)(); }

std::size_t NarrowScratch(std::span<const NarrowLayer> layers) {
  std::size_t parameters = 0;
  for (const NarrowLayer& layer : layers) parameters += layer.outputs * (layer.inputs + 3);
  return parameters * kLanes;
}

LossResult NarrowForwardBackward(const NarrowStep& step, float* scratch) {
  assert(NarrowPays());
  return HWY_DYNAMIC_DISPATCH(ForwardBackward)(step, scratch);
}

}  // namespace crease::kernels
#endif  // HWY_ONCE
