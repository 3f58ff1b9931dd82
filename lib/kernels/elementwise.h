// Activation functions before a norm, and their derivatives.
#pragma once

#include <cstddef>

namespace crease::kernels {

enum class ActivationKind { kNone, kRelu, kGelu, kElu, kTanh };

// count: a multiple of 16. gelu is x Phi(x), the exact form; elu has alpha = 1.
void ActivationForward(ActivationKind kind, std::size_t count, const float* z, float* a);

// d_z = d_a a'(z), elementwise; d_z may be d_a. a: what ActivationForward gave.
void ActivationBackward(ActivationKind kind, std::size_t count, const float* z, const float* a,
                        const float* d_a, float* d_z);

}  // namespace crease::kernels
