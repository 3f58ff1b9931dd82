// What network a run trains: the [model] section of a sweep file.
#pragma once

#include <cstdint>
#include <string>

namespace crease::model {

enum class Norm { kUnit, kLayerNorm, kRmsNorm, kGroupNorm, kDivisive, kDyT, kNone };
enum class Activation { kNone, kRelu, kGelu, kElu, kTanh };
enum class Init { kTorch, kXavier, kHe, kOrthogonal };

// depth blocks Linear -> (activation) -> norm, then one more Linear. Norms act on a point's
// vector z of `width` entries; formulas and gradients are in lib/kernels/norm.h.
struct Options {
  Norm norm = Norm::kUnit;
  std::int64_t width = 3;   // neurons of each hidden layer
  std::int64_t depth = 2;   // number of hidden blocks; 0 is a linear classifier
  bool affine = false;      // learnable norm weight (initially 1) and bias (initially 0)
  double eps = 1e-5;        // added to the variance (layernorm, groupnorm), the mean square
                            // (rmsnorm) or the squared norm (unit)
  std::int64_t groups = 1;  // groupnorm: equal groups of consecutive neurons; divides width
  double beta = 1.0;        // divisive: z|z|^(exponent-1) / (beta^exponent + sum |z|^exponent)
  double exponent = 2.0;    // divisive
  double alpha = 0.5;       // dyt: tanh(alpha z), alpha learnable (Zhu et al., 2025)
  Activation activation = Activation::kNone;
  bool bias = true;       // of every Linear
  bool head_bias = true;  // of the last Linear; needs bias
  Init init = Init::kTorch;
};

}  // namespace crease::model
