#include "tests/kernels/exact_math.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <numbers>

#ifdef CREASE_HAVE_MPFR
#include <mpfr.h>
#endif

#include "lib/core/random.h"

namespace crease::kernels::exact {

long double Exp(long double x) { return std::exp(x); }
long double Expm1(long double x) { return std::expm1(x); }
long double Log1p(long double x) { return std::log1p(x); }
long double Tanh(long double x) { return std::tanh(x); }
long double Gelu(long double x) { return 0.5L * x * std::erfc(-x / std::sqrt(2.0L)); }
long double GeluDerivative(long double x) {
  const long double density =
      std::exp(-0.5L * x * x) / std::sqrt(2.0L * std::numbers::pi_v<long double>);
  return 0.5L * std::erfc(-x / std::sqrt(2.0L)) + x * density;
}

#ifdef CREASE_HAVE_MPFR
namespace {

constexpr mpfr_prec_t kBits = 128;

class Number {
 public:
  explicit Number(long double x) {
    mpfr_init2(value_, kBits);
    mpfr_set_ld(value_, x, MPFR_RNDN);
  }
  ~Number() { mpfr_clear(value_); }
  Number(const Number&) = delete;
  Number& operator=(const Number&) = delete;
  mpfr_ptr get() { return value_; }

 private:
  mpfr_t value_;
};

using Correct = void (*)(mpfr_ptr);

void CorrectGelu(mpfr_ptr x) {
  Number tail(2.0L);
  mpfr_sqrt(tail.get(), tail.get(), MPFR_RNDN);
  mpfr_div(tail.get(), x, tail.get(), MPFR_RNDN);
  mpfr_neg(tail.get(), tail.get(), MPFR_RNDN);
  mpfr_erfc(tail.get(), tail.get(), MPFR_RNDN);
  mpfr_mul(x, x, tail.get(), MPFR_RNDN);
  mpfr_div_2ui(x, x, 1, MPFR_RNDN);
}

struct Pair {
  long double (*libm)(long double);
  Correct correct;
  float low, high;  // the range of arguments
};

constexpr Pair kPairs[] = {
    {Exp, [](mpfr_ptr x) { mpfr_exp(x, x, MPFR_RNDN); }, -103.0f, 88.0f},
    {Expm1, [](mpfr_ptr x) { mpfr_expm1(x, x, MPFR_RNDN); }, -103.0f, 88.0f},
    {Log1p, [](mpfr_ptr x) { mpfr_log1p(x, x, MPFR_RNDN); }, 0.0f, 0x1p126f},
    {Tanh, [](mpfr_ptr x) { mpfr_tanh(x, x, MPFR_RNDN); }, -20.0f, 20.0f},
    {Gelu, CorrectGelu, -13.3f, 13.3f},
};

double RelativeError(const Pair& pair, float x) {
  Number truth(static_cast<long double>(x)), error(pair.libm(static_cast<long double>(x)));
  pair.correct(truth.get());
  if (mpfr_zero_p(truth.get())) return mpfr_zero_p(error.get()) ? 0.0 : 1.0;
  mpfr_sub(error.get(), error.get(), truth.get(), MPFR_RNDN);
  mpfr_div(error.get(), error.get(), truth.get(), MPFR_RNDN);
  return std::fabs(mpfr_get_d(error.get(), MPFR_RNDN));
}

}  // namespace

std::optional<double> WorstErrorOfLibm(std::size_t samples) {
  double worst = 0.0;
  for (std::uint32_t k = 0; k < std::size(kPairs); ++k) {
    const RandomStream random(9, Purpose::kData, k);
    for (std::size_t done = 0, i = 0; done < samples; ++i) {
      const auto x = std::bit_cast<float>(static_cast<std::uint32_t>(random.Bits(i)));
      if (!(x >= kPairs[k].low && x <= kPairs[k].high)) continue;
      worst = std::max(worst, RelativeError(kPairs[k], x));
      ++done;
    }
  }
  return worst;
}
#else
std::optional<double> WorstErrorOfLibm(std::size_t) { return std::nullopt; }
#endif

}  // namespace crease::kernels::exact
