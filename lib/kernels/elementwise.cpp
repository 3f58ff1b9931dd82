#include "lib/kernels/elementwise.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lib/kernels/elementwise.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "lib/kernels/math-inl.h"
#include "lib/kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace crease::kernels {
namespace HWY_NAMESPACE {

template <typename P>
HWY_INLINE P Activate(ActivationKind kind, const P& z) {
  switch (kind) {
    case ActivationKind::kNone:
      return z;
    case ActivationKind::kRelu:
      return Select(Less(z, Zero<P>()), Zero<P>(), z);
    case ActivationKind::kGelu:
      return Gelu(z);
    case ActivationKind::kElu:
      return Select(Less(Zero<P>(), z), z, Expm1(z));
    case ActivationKind::kTanh:
      return Tanh(z);
  }
  return z;
}

template <typename P>
HWY_INLINE P Derivative(ActivationKind kind, const P& z, const P& a) {
  const P one = Set<P>(1.0f);
  switch (kind) {
    case ActivationKind::kNone:
      return one;
    case ActivationKind::kRelu:
      return Select(Less(Zero<P>(), z), one, Zero<P>());
    case ActivationKind::kGelu:
      return GeluDerivative(z);
    case ActivationKind::kElu:
      return Select(Less(Zero<P>(), z), one, a + one);
    case ActivationKind::kTanh:
      return NegMulAdd(a, a, one);
  }
  return one;
}

// Groups that hide each other's latency.
inline constexpr std::size_t kAtOnce = 2;
inline constexpr std::size_t kValuesAtOnce = kAtOnce * kLanes;

void Forward(ActivationKind kind, std::size_t count, const float* z, float* a) {
  std::size_t i = 0;
  for (; i + kValuesAtOnce <= count; i += kValuesAtOnce) {
    StoreGroups<kAtOnce>(Activate(kind, LoadGroups<kAtOnce>(z + i, kLanes)), kLanes, a + i);
  }
  for (; i < count; i += kLanes) Store(Activate(kind, Load(z + i)), a + i);
}

void Backward(ActivationKind kind, std::size_t count, const float* z, const float* a,
              const float* d_a, float* d_z) {
  std::size_t i = 0;
  for (; i + kValuesAtOnce <= count; i += kValuesAtOnce) {
    const auto slope =
        Derivative(kind, LoadGroups<kAtOnce>(z + i, kLanes), LoadGroups<kAtOnce>(a + i, kLanes));
    StoreGroups<kAtOnce>(LoadGroups<kAtOnce>(d_a + i, kLanes) * slope, kLanes, d_z + i);
  }
  for (; i < count; i += kLanes) {
    Store(Load(d_a + i) * Derivative(kind, Load(z + i), Load(a + i)), d_z + i);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace crease::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace crease::kernels {

HWY_EXPORT(Forward);
HWY_EXPORT(Backward);

void ActivationForward(ActivationKind kind, std::size_t count, const float* z, float* a) {
  HWY_DYNAMIC_DISPATCH(Forward)(kind, count, z, a);
}

void ActivationBackward(ActivationKind kind, std::size_t count, const float* z, const float* a,
                        const float* d_a, float* d_z) {
  HWY_DYNAMIC_DISPATCH(Backward)(kind, count, z, a, d_a, d_z);
}

}  // namespace crease::kernels
#endif  // HWY_ONCE
