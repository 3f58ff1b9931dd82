#include "lib/kernels/update.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lib/kernels/update.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "lib/kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace crease::kernels {
namespace HWY_NAMESPACE {

void Sgd(const SgdStep& step, std::size_t count, const float* gradient, float* buffer,
         float* parameter) {
  const Group minus_lr = Set(-step.lr), decay = Set(step.weight_decay);
  for (std::size_t i = 0; i < count; i += kLanes) {
    const Group p = Load(parameter + i);
    Group direction = MulAdd(decay, p, Load(gradient + i));
    if (step.momentum != 0.0f) {
      if (!step.first) direction = MulAdd(Set(step.momentum), Load(buffer + i), direction);
      Store(direction, buffer + i);
    }
    Store(MulAdd(minus_lr, direction, p), parameter + i);
  }
}

void Adam(const AdamStep& step, std::size_t count, const float* gradient, float* m, float* v,
          float* parameter) {
  for (std::size_t i = 0; i < count; i += kLanes) {
    const Group before = Load(parameter + i);
    const Group g = MulAdd(Set(step.coupled_decay), before, Load(gradient + i));
    const Group p = before * Set(step.decoupled_factor);
    const Group first = MulAdd(Set(step.one_minus_beta1), g, Set(step.beta1) * Load(m + i));
    const Group second = MulAdd(Set(step.one_minus_beta2) * g, g, Set(step.beta2) * Load(v + i));
    const Group denominator = Sqrt(second) / Set(step.sqrt_correction2) + Set(step.eps);
    Store(first, m + i);
    Store(second, v + i);
    Store(NegMulAdd(Set(step.lr_over_correction1), first / denominator, p), parameter + i);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace crease::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace crease::kernels {

HWY_EXPORT(Sgd);
HWY_EXPORT(Adam);

void SgdUpdate(const SgdStep& step, std::size_t count, const float* gradient, float* buffer,
               float* parameter) {
  HWY_DYNAMIC_DISPATCH(Sgd)(step, count, gradient, buffer, parameter);
}

void AdamUpdate(const AdamStep& step, std::size_t count, const float* gradient, float* m, float* v,
                float* parameter) {
  HWY_DYNAMIC_DISPATCH(Adam)(step, count, gradient, m, v, parameter);
}

}  // namespace crease::kernels
#endif  // HWY_ONCE
