// What the elementary functions are measured against: long double, whose error is far below a
// float's ulp, and MPFR, which says how far.
#pragma once

#include <cstddef>
#include <optional>

namespace crease::kernels::exact {

long double Exp(long double x);
long double Expm1(long double x);
long double Log1p(long double x);
long double Tanh(long double x);
long double Gelu(long double x);
long double GeluDerivative(long double x);

// The largest relative error of the functions above, each on `samples` random arguments of the
// floats' range, against MPFR with 128 bits. Nothing where the tests were built without MPFR.
std::optional<double> WorstErrorOfLibm(std::size_t samples);

}  // namespace crease::kernels::exact
