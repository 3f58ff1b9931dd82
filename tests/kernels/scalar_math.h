// The elementary functions of lib/kernels/math-inl.h, one number at a time: the same operations in
// the same order, by std::fma. What they compute defines the kernels' bits.
#pragma once

namespace crease::kernels::twin {

float Exp(float x);
float Expm1(float x);
float Log1p(float x);
float Tanh(float x);
float Gelu(float x);
float GeluDerivative(float x);

}  // namespace crease::kernels::twin
