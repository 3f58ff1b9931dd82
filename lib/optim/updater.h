// Applies an optimizer to a flat buffer of parameters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "lib/core/aligned.h"
#include "lib/optim/options.h"

namespace crease::optim {

// Semantics of torch.optim.SGD, Adam and AdamW. Bias corrections are computed in double by
// repeated multiplication, so that they have the same bits everywhere.
class Updater {
 public:
  // `size`: floats of the parameter buffer, a multiple of 16. `steps`: of the whole run.
  Updater(const Options& options, std::size_t size, std::int64_t steps);

  // Update number `step` (0, 1, 2, ... in order). Both of `size` floats; gradients unchanged.
  void Step(std::int64_t step, std::span<const float> gradients, std::span<float> parameters);

  // What the updates so far have left behind, (size) each; empty where the optimizer has none such.
  std::span<const float> first_moment() const { return first_moment_; }
  std::span<const float> second_moment() const { return second_moment_; }
  // Goes on after `updates` updates that left these moments. Requires their lengths to be as above.
  void Resume(std::int64_t updates, std::span<const float> first_moment,
              std::span<const float> second_moment);

 private:
  void Adam(double lr, std::span<const float> gradients, std::span<float> parameters);

  Options options_;
  std::int64_t steps_;
  AlignedVector<float> first_moment_;   // momentum's buffer for SGD
  AlignedVector<float> second_moment_;  // Adam only
  double beta1_power_ = 1.0, beta2_power_ = 1.0;
};

}  // namespace crease::optim
