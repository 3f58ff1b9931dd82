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

HWY_INLINE Group Activate(ActivationKind kind, const Group& z) {
  switch (kind) {
    case ActivationKind::kNone:
      return z;
    case ActivationKind::kRelu:
      return Select(Less(z, Zero()), Zero(), z);
    case ActivationKind::kGelu:
      return z * NormalCdf(z);
    case ActivationKind::kElu:
      return Select(Less(Zero(), z), z, Expm1(z));
    case ActivationKind::kTanh:
      return Tanh(z);
  }
  return z;
}

HWY_INLINE Group Derivative(ActivationKind kind, const Group& z, const Group& a) {
  const Group one = Set(1.0f);
  switch (kind) {
    case ActivationKind::kNone:
      return one;
    case ActivationKind::kRelu:
      return Select(Less(Zero(), z), one, Zero());
    case ActivationKind::kGelu: {
      const Group density = Exp(z * z * Set(-0.5f)) * Set(0.398942280f);
      return MulAdd(z, density, NormalCdf(z));
    }
    case ActivationKind::kElu:
      return Select(Less(Zero(), z), one, a + one);
    case ActivationKind::kTanh:
      return NegMulAdd(a, a, one);
  }
  return one;
}

void Forward(ActivationKind kind, std::size_t count, const float* z, float* a) {
  for (std::size_t i = 0; i < count; i += kLanes) Store(Activate(kind, Load(z + i)), a + i);
}

void Backward(ActivationKind kind, std::size_t count, const float* z, const float* a,
              const float* d_a, float* d_z) {
  for (std::size_t i = 0; i < count; i += kLanes) {
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
