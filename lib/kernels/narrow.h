// Forward, loss and backward of a narrow network, block by block of points, with a block's
// activations in registers and on the stack.
//
// Gives the same bits as the kernels it stands for (linear.h, norm.h, loss.h; sums over points in
// chunks of layout.h); it is faster because nothing goes through memory between layers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "lib/kernels/loss.h"
#include "lib/kernels/norm.h"

namespace crease::kernels {

struct NarrowLayer {
  std::size_t inputs = 0, outputs = 0;
  const float* weight = nullptr;  // (outputs, inputs)
  const float* bias = nullptr;    // (outputs) or nullptr
  const float* alpha = nullptr;   // (1) with dyt or nullptr
  float* d_weight = nullptr;      // gradients, as the parameters
  float* d_bias = nullptr;
  float* d_alpha = nullptr;
};

struct NarrowStep {
  NormSpec norm;
  std::span<const NarrowLayer> layers;   // hidden ones, then the last linear
  const float* x = nullptr;              // (groups, inputs, 16)
  const std::int32_t* labels = nullptr;  // (groups * 16), padded with -1
  const float* targets = nullptr;        // (groups, outputs, 16), or nullptr: cross-entropy
  std::size_t supervised = 0;            // with targets: the first so many outputs count
  std::size_t points = 0;
};

inline constexpr std::size_t kNarrowDepth = 8, kNarrowOutputs = 8;

// Whether NarrowForwardBackward takes such a network: widths 2 to 8, every norm but groupnorm of
// single entries.
bool NarrowSupports(const NormSpec& norm, std::size_t inputs, std::size_t outputs,
                    std::size_t depth);

// Whether this CPU's instruction set has it, which it does where it is faster than the kernels it
// stands for: with AVX-512.
bool NarrowPays();

// Floats of scratch memory, 64-byte aligned, that a step needs.
std::size_t NarrowScratch(std::span<const NarrowLayer> layers);

// Writes all gradients. Requires NarrowPays().
LossResult NarrowForwardBackward(const NarrowStep& step, float* scratch);

}  // namespace crease::kernels
