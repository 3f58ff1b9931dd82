// The formulas of the normalisations, for one pack of entries, whatever its lanes are.
#if defined(CREASE_NORM_FORMS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef CREASE_NORM_FORMS_INL_H_
#undef CREASE_NORM_FORMS_INL_H_
#else
#define CREASE_NORM_FORMS_INL_H_
#endif

#include "lib/norm/lanes-inl.h"
#include "lib/norm/tanh-inl.h"

HWY_BEFORE_NAMESPACE();
namespace crease::norm {
namespace HWY_NAMESPACE {

// layernorm and groupnorm; rmsnorm and unit; divisive by exponent; dyt.
enum class Form { kCentred, kRoot, kPower1, kPower2, kPower3, kTanh };

// Calls run with the form as a std::integral_constant.
template <typename T, class Run>
HWY_INLINE void WithForm(const Job<T>& job, const Run& run) {
  switch (job.kind) {
    case Kind::kLayerNorm:
    case Kind::kGroupNorm:
      return run(std::integral_constant<Form, Form::kCentred>());
    case Kind::kRmsNorm:
    case Kind::kUnit:
      return run(std::integral_constant<Form, Form::kRoot>());
    case Kind::kDyT:
      return run(std::integral_constant<Form, Form::kTanh>());
    case Kind::kDivisive:
      if (job.exponent == 1) return run(std::integral_constant<Form, Form::kPower1>());
      if (job.exponent == 2) return run(std::integral_constant<Form, Form::kPower2>());
      return run(std::integral_constant<Form, Form::kPower3>());
  }
}

// |x|^(a - 1) for the exponent a.
template <Form kForm, typename T>
HWY_INLINE Pack<T> LowerPower(const Pack<T>& x) {
  if constexpr (kForm == Form::kPower2) return Abs(x);
  if constexpr (kForm == Form::kPower3) return x * x;
  return Set(T{1});
}

// 0 at 0, the derivative that PyTorch takes for |x|.
template <typename T>
HWY_INLINE Pack<T> Sign(const Pack<T>& x) {
  return Select(Less(Zero<T>(), x), Set(T{1}), Select(Less(x, Zero<T>()), Set(T{-1}), Zero<T>()));
}

// What is known of a point before its entries are normalised.
template <typename T>
struct Scale {
  Pack<T> mean, offset;  // kCentred: mean, and -rest / s, where the mean is mean + rest
  Pack<T> inverse;       // 1 / s; kTanh: alpha
};

template <Form kForm, typename T>
HWY_INLINE Pack<T> Normalised(const Pack<T>& x, const Scale<T>& scale) {
  if constexpr (kForm == Form::kCentred) {
    return MulAdd(x - scale.mean, scale.inverse, scale.offset);
  } else if constexpr (kForm == Form::kRoot || kForm == Form::kPower1) {
    return x * scale.inverse;
  } else if constexpr (kForm == Form::kTanh) {
    return Tanh(scale.inverse * x);
  } else {
    return x * LowerPower<kForm>(x) * scale.inverse;
  }
}

// The sum that s is made of; for kCentred of deviations.
template <Form kForm, typename T>
HWY_INLINE Pack<T> AddPower(const Pack<T>& x, const Pack<T>& sum) {
  if constexpr (kForm == Form::kPower1) return sum + Abs(x);
  if constexpr (kForm == Form::kPower2 || kForm == Form::kPower3) {
    return MulAdd(Abs(x), LowerPower<kForm>(x), sum);
  }
  return MulAdd(x, x, sum);
}

// 1 / s from the sum; not for kCentred.
template <Form kForm, typename T>
HWY_INLINE Pack<T> InverseOf(const Job<T>& job, const Pack<T>& sum) {
  const Pack<T> one = Set(T{1});
  if constexpr (kForm == Form::kRoot) {
    return one / Sqrt(MulAdd(sum, Set(job.Share()), Set(job.eps)));
  } else {
    return one / (Set(job.beta_power) + sum);
  }
}

// kCentred: the mean is mean + rest, to twice the digits. lost: the sums were taken about a value
// so far from the mean that digits of the squares are lost; to be taken again about `mean`.
template <typename T>
struct Moments {
  Pack<T> mean, rest, inverse;
  PackMask<T> lost;
};

// From the sums of deviations from `about` and of their squares. Where the variance comes out
// negative, it is lost; kAgain: what is lost stays so, the variance being 0 within rounding.
template <bool kAgain, typename T>
HWY_INLINE Moments<T> MomentsOf(const Job<T>& job, const Pack<T>& about, const Pack<T>& sum,
                                const Pack<T>& squares) {
  const Pack<T> share = Set(job.share), shift = sum * share;
  Pack<T> variance = NegMulAdd(shift, shift, squares * share);
  Moments<T> moments;
  moments.lost = Less(variance, shift * shift);
  moments.mean = about + shift;
  const Pack<T> added = moments.mean - about;
  moments.rest = (about - (moments.mean - added)) + (shift - added);
  if constexpr (kAgain) variance = Select(Less(variance, Zero<T>()), Zero<T>(), variance);
  moments.inverse = Set(T{1}) / Sqrt(variance + Set(job.eps));
  return moments;
}

// Those of the lost lanes anew.
template <typename T>
HWY_INLINE void Replace(const Moments<T>& again, Moments<T>& moments) {
  moments.mean = Select(moments.lost, again.mean, moments.mean);
  moments.rest = Select(moments.lost, again.rest, moments.rest);
  moments.inverse = Select(moments.lost, again.inverse, moments.inverse);
}

// What a point's entries share in the derivative: the mean of g and, about, that of g u.
template <typename T>
struct Shared {
  Pack<T> mean, along;
};

// The sum over entries that Shared::along (kTanh: d_alpha) comes from; g = weight d_y.
template <Form kForm, typename T>
HWY_INLINE Pack<T> AddAlong(const Pack<T>& x, const Pack<T>& u, const Pack<T>& g,
                            const Pack<T>& sum) {
  if constexpr (kForm == Form::kTanh) return MulAdd(g * NegMulAdd(u, u, Set(T{1})), x, sum);
  return MulAdd(g, u, sum);
}

template <Form kForm, typename T>
HWY_INLINE Pack<T> AlongOf(const Job<T>& job, const Pack<T>& sum) {
  if constexpr (kForm == Form::kCentred || kForm == Form::kRoot) return sum * Set(job.Share());
  return sum;
}

template <Form kForm, typename T>
HWY_INLINE Pack<T> Derivative(const Pack<T>& x, const Pack<T>& u, const Pack<T>& g,
                              const Scale<T>& scale, const Shared<T>& shared) {
  if constexpr (kForm == Form::kCentred) {
    return NegMulAdd(u, shared.along, g - shared.mean) * scale.inverse;
  } else if constexpr (kForm == Form::kRoot) {
    return NegMulAdd(u, shared.along, g) * scale.inverse;
  } else if constexpr (kForm == Form::kTanh) {
    return g * NegMulAdd(u, u, Set(T{1})) * scale.inverse;
  } else {
    constexpr T kExponent = kForm == Form::kPower1 ? 1 : kForm == Form::kPower2 ? 2 : 3;
    const Pack<T> bracket = NegMulAdd(Sign(x), shared.along, g);
    return Set(kExponent) * scale.inverse * LowerPower<kForm>(x) * bracket;
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace crease::norm
HWY_AFTER_NAMESPACE();

#endif  // target toggle
