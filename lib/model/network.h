// In: parameters and a batch. Out: outputs, the loss's gradients, and every layer's activations.
// The float engine that trains.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "lib/core/aligned.h"
#include "lib/kernels/elementwise.h"
#include "lib/kernels/loss.h"
#include "lib/kernels/narrow.h"
#include "lib/kernels/norm.h"
#include "lib/model/affine_fold.h"
#include "lib/model/layer_offsets.h"
#include "lib/model/parameters.h"
#include "lib/model/tiled_step.h"

namespace crease::model {

// Owns the activations of one batch. Not thread-safe; one for each training thread.
// Matrices lie as lib/kernels/layout.h says.
class Network {
 public:
  // No allocation after construction for batches of up to `max_points`.
  Network(const Architecture& architecture, std::size_t max_points);

  const Architecture& architecture() const { return architecture_; }
  const ParameterLayout& layout() const { return layout_; }

  // x (groups, inputs, 16). Returns the last linear's outputs
  // (groups, outputs, 16). Requires: 0 < points <= max_points.
  const float* Forward(std::span<const float> parameters, const float* x, std::size_t points);

  // The loss and all of its gradients (layout().size(), padding stays 0), faster than by Forward
  // and with its bits. What linear_output and norm_output hold does not change.
  kernels::LossResult ForwardBackward(std::span<const float> parameters, const float* x,
                                      const Objective& objective, std::span<float> gradients);

  // After Forward: z of linear l before activation and norm (groups, fan_out, 16), and the norm's
  // output (affine included). Linear l + 1 computes with the affine map folded into it
  // (affine_fold.h): its output may differ from W norm_output + bias by rounding.
  const float* linear_output(std::size_t linear) const { return layers_[linear].z.data(); }
  const float* norm_output(std::size_t norm) const;

 private:
  struct Layer {
    LayerOffsets at;
    AlignedVector<float> z;           // linear output
    AlignedVector<float> a;           // after the activation; empty: same as z
    AlignedVector<float> u;           // after the norm
    AlignedVector<float> y;           // after the affine map; empty: same as u
    AlignedVector<float> statistics;  // of the norm
  };
  const float* norm_input(const Layer& layer) const;
  void PrepareNarrow();
  void PrepareTiled();
  void TakeLinears(std::span<const float> parameters, std::span<float> gradients);
  kernels::LossResult NarrowStep(std::span<const float> parameters, const float* x,
                                 const Objective& objective, std::span<float> gradients);
  void ForwardHidden(std::span<const float> parameters, std::size_t groups, std::size_t l);

  Architecture architecture_;
  ParameterLayout layout_;
  kernels::NormSpec norm_;
  kernels::ActivationKind activation_;
  std::vector<Layer> layers_;
  AffineFold fold_;
  std::vector<LinearView> linears_;  // of the step or pass under way
  std::size_t max_points_;
  std::vector<kernels::NarrowLayer> narrow_;  // empty: this network is not narrow
  AlignedVector<float> narrow_scratch_;
  std::unique_ptr<TiledStep> tiled_;  // nullptr while the narrow step takes its place
};

}  // namespace crease::model
