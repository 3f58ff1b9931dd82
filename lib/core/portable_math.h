// Elementary functions in double precision with the same bits on every machine.
//
// libm's results differ between versions and processors in the last bit, which is enough to send
// two trainings apart. These use IEEE operations and std::fma only. They serve where speed does
// not matter: data, initialisation, schedules and the axes of a grid. Training has vector
// versions in lib/kernels.
#pragma once

namespace crease::portable {

inline constexpr double kPi = 3.14159265358979323846;

double Exp(double x);  // within 1.5 ulp; 0 below -745.2, infinity above 709.8
double Log(double x);  // within 1.5 ulp; -infinity at 0, NaN below
double Log1p(double x);
double Sin(double x);  // within 2e-16 absolute for |x| <= 1e5
double Cos(double x);
double Pow(double base, double exponent);  // base > 0; relative error ~ |exponent ln base| 1e-16

}  // namespace crease::portable
