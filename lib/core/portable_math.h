// Elementary functions in double precision with the same bits on every machine.
//
// libm's results differ between versions and processors in the last bit, which is enough to send
// two trainings apart. These use IEEE additions, multiplications and divisions only, so they need
// neither a fused multiply-add nor libm, and the compiler may vectorise the inline ones below.
// They serve data, initialisation, schedules and the axes of a grid; training has single
// precision versions in lib/kernels.
#pragma once

namespace crease::portable {

inline constexpr double kPi = 3.14159265358979323846;

double Exp(double x);    // within 1.5 ulp; 0 below -745.2, infinity above 709.79
double Log(double x);    // within 1.5 ulp; -infinity at 0, NaN below
double Log1p(double x);  // within 3 ulp; -infinity at -1, NaN below
double Sin(double x);    // within 2e-16 absolute for |x| <= 1e5; NaN for infinities
double Cos(double x);    // as Sin
double Pow(double base, double exponent);  // base > 0; relative error ~ |exponent ln base| 1e-16

}  // namespace crease::portable
