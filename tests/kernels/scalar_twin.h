// Plain twins of the kernels, with the same signatures: one point and one number at a time, in
// the order of arithmetic that the kernels' headers define. They define what is right.
#pragma once

#include <cstddef>
#include <cstdint>

#include "lib/kernels/elementwise.h"
#include "lib/kernels/linear.h"
#include "lib/kernels/loss.h"
#include "lib/kernels/norm.h"
#include "lib/kernels/update.h"

namespace crease::kernels::twin {

void LinearForward(const LinearShape& shape, const float* weight, const float* bias, const float* x,
                   float* z);
void LinearBackwardInput(const LinearShape& shape, const float* weight, const float* d_z,
                         float* d_x);
void LinearBackwardWeights(const LinearShape& shape, const float* d_z, const float* x, bool add,
                           float* d_weight, float* d_bias);

void NormForward(const NormSpec& spec, std::size_t groups, const float* z, float alpha, float* u,
                 float* statistics);
void NormBackward(const NormSpec& spec, std::size_t groups, const float* z, const float* u,
                  const float* statistics, float alpha, const float* d_u, float* d_z,
                  float* alpha_lanes);
void AffineForward(std::size_t width, std::size_t groups, const float* u, const float* weight,
                   const float* bias, float* y);

void ActivationForward(ActivationKind kind, std::size_t count, const float* z, float* a);
void ActivationBackward(ActivationKind kind, std::size_t count, const float* z, const float* a,
                        const float* d_a, float* d_z);

LossResult CrossEntropy(const LossShape& shape, const float* logits, const std::int32_t* labels,
                        float* d_logits);
LossResult MeanSquaredError(const LossShape& shape, const float* outputs, const float* targets,
                            const std::int32_t* labels, float* d_outputs);

void SgdUpdate(const SgdStep& step, std::size_t count, const float* gradient, float* buffer,
               float* parameter);
void AdamUpdate(const AdamStep& step, std::size_t count, const float* gradient, float* m, float* v,
                float* parameter);

double SumOfSquares(const float* values, std::size_t count);
double SumOfSquaredDifferences(const float* a, const float* b, std::size_t count);

}  // namespace crease::kernels::twin
