// How parameters are updated. Names, semantics and defaults are PyTorch's.
#pragma once

#include <cstdint>

namespace crease::optim {

enum class Optimizer { kSgd, kMomentum, kAdam, kAdamW };
enum class Schedule { kConstant, kCosine, kStep, kWarmupCosine };

struct Options {
  Optimizer optimizer = Optimizer::kAdam;
  double lr = 1e-2;
  double momentum = 0.9;      // momentum: torch.optim.SGD(momentum=...), no dampening, no Nesterov
  double beta1 = 0.9;         // adam, adamw
  double beta2 = 0.999;       // adam, adamw
  double adam_eps = 1e-8;     // adam, adamw: added to sqrt(v_hat)
  double weight_decay = 0.0;  // coupled (L2) for sgd, momentum and adam; decoupled for adamw
  Schedule schedule = Schedule::kConstant;
  std::int64_t warmup_steps = 0;  // warmup_cosine: linear from lr/warmup_steps to lr
  std::int64_t step_size = 1000;  // step: lr is multiplied by gamma every step_size steps
  double gamma = 0.1;             // step
  double lr_min = 0.0;            // cosine, warmup_cosine: reached at the last step
};

}  // namespace crease::optim
