// Parameter updates over one flat buffer. Semantics of torch.optim, single-tensor form.
#pragma once

#include <cstddef>

namespace crease::kernels {

// count: a multiple of 16 for all. Gradients are not changed.

struct SgdStep {
  float lr = 0, weight_decay = 0, momentum = 0;
  bool first = false;  // momentum: the buffer starts as the first gradient
};
// p -= lr (g + weight_decay p); with momentum: buffer = momentum buffer + that, p -= lr buffer.
void SgdUpdate(const SgdStep& step, std::size_t count, const float* gradient, float* buffer,
               float* parameter);

struct AdamStep {
  float lr_over_correction1 = 0;  // lr / (1 - beta1^t)
  float sqrt_correction2 = 0;     // sqrt(1 - beta2^t)
  float beta1 = 0, one_minus_beta1 = 0, beta2 = 0, one_minus_beta2 = 0, eps = 0;
  float coupled_decay = 0;     // adam: added to the gradient as decay * p
  float decoupled_factor = 1;  // adamw: p *= 1 - lr decay, before the update
};
// m = beta1 m + (1-beta1) g; v = beta2 v + (1-beta2) g^2;
// p -= lr_over_correction1 m / (sqrt(v) / sqrt_correction2 + eps).
void AdamUpdate(const AdamStep& step, std::size_t count, const float* gradient, float* m, float* v,
                float* parameter);

}  // namespace crease::kernels
