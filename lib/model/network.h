// In: parameters and a batch. Out: outputs, the loss's gradients, and every layer's activations.
// The float engine that trains.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "lib/core/aligned.h"
#include "lib/kernels/elementwise.h"
#include "lib/kernels/loss.h"
#include "lib/kernels/narrow.h"
#include "lib/kernels/norm.h"
#include "lib/model/parameters.h"

namespace crease::model {

// What the outputs of a batch are compared with.
struct Objective {
  bool cross_entropy = true;  // otherwise the mean squared error
  kernels::LossShape shape;
  const std::int32_t* labels = nullptr;  // (groups * 16), padded with -1; may be nullptr without
                                         // cross-entropy
  const float* targets = nullptr;        // (groups, outputs, 16); mean squared error only

  // Of the mean loss, as kernels/loss.h; d_outputs may be nullptr.
  kernels::LossResult Loss(const float* outputs, float* d_outputs) const;
};

// Owns the activations of one batch. Not thread-safe; one for each training thread.
// Matrices lie as lib/kernels/layout.h says.
class Network {
 public:
  // No allocation after construction for batches of up to `max_points`.
  Network(const Architecture& architecture, std::size_t max_points);

  const Architecture& architecture() const { return architecture_; }
  const ParameterLayout& layout() const { return layout_; }

  // x (groups, inputs, 16), kept by reference until Backward. Returns the last linear's outputs
  // (groups, outputs, 16). Requires: 0 < points <= max_points.
  const float* Forward(std::span<const float> parameters, const float* x, std::size_t points);

  // d_outputs (groups, outputs, 16), zero on padded lanes; overwritten. Writes all of `gradients`
  // (layout().size(), padding stays 0). Requires: the last call was Forward with the same
  // parameters.
  void Backward(std::span<const float> parameters, float* d_outputs, std::span<float> gradients);

  // Forward, loss and Backward in one, with the same bits, faster for narrow networks. What
  // linear_output and norm_output hold afterwards is not defined.
  kernels::LossResult ForwardBackward(std::span<const float> parameters, const float* x,
                                      const Objective& objective, std::span<float> gradients);

  // Buffer for d_outputs of Backward: (groups, outputs, 16).
  float* d_outputs() { return d_output_.data(); }

  // After Forward: z of linear l before activation and norm (groups, fan_out, 16), and the norm's
  // output (affine included), which is what linear l + 1 sees.
  const float* linear_output(std::size_t linear) const { return layers_[linear].z.data(); }
  const float* norm_output(std::size_t norm) const;

 private:
  // Where a layer's parameters lie in the flat buffer; kNone: it has none such.
  struct Offsets {
    std::size_t weight, bias, alpha, norm_weight, norm_bias;
  };
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  template <typename T>
  static T* At(std::span<T> parameters, std::size_t offset) {
    return offset == kNone ? nullptr : parameters.data() + offset;
  }
  static std::size_t OffsetOf(const ParameterLayout& layout, TensorKind kind, std::size_t layer);
  struct Layer {
    Offsets at;
    AlignedVector<float> z;           // linear output
    AlignedVector<float> a;           // after the activation; empty: same as z
    AlignedVector<float> u;           // after the norm
    AlignedVector<float> y;           // after the affine map; empty: same as u
    AlignedVector<float> statistics;  // of the norm
  };
  const float* norm_input(const Layer& layer) const;
  void PrepareNarrow();
  kernels::LossResult NarrowStep(std::span<const float> parameters, const float* x,
                                 const Objective& objective, std::span<float> gradients);
  void ForwardHidden(std::span<const float> parameters, std::size_t l);
  void BackwardLinear(std::size_t l, const float* d_z, std::span<float> gradients);
  void BackwardHidden(std::span<const float> parameters, std::size_t l, float* d,
                      std::span<float> gradients);
  void BackwardAffine(std::span<const float> parameters, const Layer& layer, float* d,
                      std::span<float> gradients);
  void BackwardNorm(std::span<const float> parameters, const Layer& layer, float* d,
                    std::span<float> gradients);

  Architecture architecture_;
  ParameterLayout layout_;
  kernels::NormSpec norm_;
  kernels::ActivationKind activation_;
  std::vector<Layer> layers_;
  AlignedVector<float> d_output_, d_hidden_[2];
  AlignedVector<float> weights_scratch_;      // of LinearBackwardWeights
  AlignedVector<float> lanes_;                // sums over points in 16 lanes: (2 width, 16)
  std::vector<kernels::NarrowLayer> narrow_;  // empty: this network is not narrow
  AlignedVector<float> narrow_scratch_;
  const float* x_ = nullptr;
  std::size_t groups_ = 0;
};

}  // namespace crease::model
