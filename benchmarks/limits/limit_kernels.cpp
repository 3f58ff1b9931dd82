#include "benchmarks/limits/limit_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "benchmarks/limits/limit_kernels.cpp"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace crease::benchmarks::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using Tag = hn::CappedTag<float, 16>;

double MultiplyAdds(std::size_t rounds, float* result) {
  const Tag d;
  const auto factor = hn::Set(d, 0.999999f), term = hn::Set(d, 1e-6f);
  auto a0 = hn::Set(d, 0.1f), a1 = hn::Set(d, 0.2f), a2 = hn::Set(d, 0.3f), a3 = hn::Set(d, 0.4f);
  auto a4 = hn::Set(d, 0.5f), a5 = hn::Set(d, 0.6f), a6 = hn::Set(d, 0.7f), a7 = hn::Set(d, 0.8f);
  auto a8 = hn::Set(d, 0.9f), a9 = hn::Set(d, 1.1f), aa = hn::Set(d, 1.2f), ab = hn::Set(d, 1.3f);
  for (std::size_t i = 0; i < rounds; ++i) {
    a0 = hn::MulAdd(a0, factor, term);
    a1 = hn::MulAdd(a1, factor, term);
    a2 = hn::MulAdd(a2, factor, term);
    a3 = hn::MulAdd(a3, factor, term);
    a4 = hn::MulAdd(a4, factor, term);
    a5 = hn::MulAdd(a5, factor, term);
    a6 = hn::MulAdd(a6, factor, term);
    a7 = hn::MulAdd(a7, factor, term);
    a8 = hn::MulAdd(a8, factor, term);
    a9 = hn::MulAdd(a9, factor, term);
    aa = hn::MulAdd(aa, factor, term);
    ab = hn::MulAdd(ab, factor, term);
  }
  a0 = hn::Add(hn::Add(hn::Add(a0, a1), hn::Add(a2, a3)), hn::Add(hn::Add(a4, a5), a6));
  a7 = hn::Add(hn::Add(hn::Add(a7, a8), hn::Add(a9, aa)), ab);
  *result = hn::GetLane(hn::SumOfLanes(d, hn::Add(a0, a7)));
  return 2.0 * 12.0 * static_cast<double>(hn::Lanes(d)) * static_cast<double>(rounds);
}

float SumOf(const float* HWY_RESTRICT from, std::size_t count) {
  const Tag d;
  const std::size_t lanes = hn::Lanes(d);
  auto a0 = hn::Zero(d), a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0, a6 = a0, a7 = a0;
  for (std::size_t i = 0; i < count; i += 8 * lanes) {
    const float* HWY_RESTRICT at = from + i;
    a0 = hn::Add(a0, hn::Load(d, at));
    a1 = hn::Add(a1, hn::Load(d, at + lanes));
    a2 = hn::Add(a2, hn::Load(d, at + 2 * lanes));
    a3 = hn::Add(a3, hn::Load(d, at + 3 * lanes));
    a4 = hn::Add(a4, hn::Load(d, at + 4 * lanes));
    a5 = hn::Add(a5, hn::Load(d, at + 5 * lanes));
    a6 = hn::Add(a6, hn::Load(d, at + 6 * lanes));
    a7 = hn::Add(a7, hn::Load(d, at + 7 * lanes));
  }
  a0 =
      hn::Add(hn::Add(hn::Add(a0, a1), hn::Add(a2, a3)), hn::Add(hn::Add(a4, a5), hn::Add(a6, a7)));
  return hn::GetLane(hn::SumOfLanes(d, a0));
}

// store(vector, to): one way or another.
template <typename Store>
HWY_INLINE void CopyBy(const Store& store, const float* HWY_RESTRICT from, std::size_t count,
                       float* HWY_RESTRICT to) {
  const Tag d;
  const std::size_t lanes = hn::Lanes(d);
  for (std::size_t i = 0; i < count; i += 4 * lanes) {
    const auto v0 = hn::Load(d, from + i), v1 = hn::Load(d, from + i + lanes);
    const auto v2 = hn::Load(d, from + i + 2 * lanes), v3 = hn::Load(d, from + i + 3 * lanes);
    store(v0, to + i);
    store(v1, to + i + lanes);
    store(v2, to + i + 2 * lanes);
    store(v3, to + i + 3 * lanes);
  }
}

void Copy(const float* HWY_RESTRICT from, std::size_t count, float* HWY_RESTRICT to) {
  CopyBy([](auto vector, float* at) { hn::Store(vector, Tag(), at); }, from, count, to);
}

void NonTemporalCopy(const float* HWY_RESTRICT from, std::size_t count, float* HWY_RESTRICT to) {
  CopyBy([](auto vector, float* at) { hn::Stream(vector, Tag(), at); }, from, count, to);
  hwy::FlushStream();
}

}  // namespace crease::benchmarks::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace crease::benchmarks {

HWY_EXPORT(MultiplyAdds);
HWY_EXPORT(SumOf);
HWY_EXPORT(Copy);
HWY_EXPORT(NonTemporalCopy);

double MultiplyAdds(std::size_t rounds, float* result) {
  return HWY_DYNAMIC_DISPATCH(MultiplyAdds)(rounds, result);
}
float SumOf(const float* from, std::size_t count) {
  return HWY_DYNAMIC_DISPATCH(SumOf)(from, count);
}
void Copy(const float* from, std::size_t count, float* to) {
  HWY_DYNAMIC_DISPATCH(Copy)(from, count, to);
}
void NonTemporalCopy(const float* from, std::size_t count, float* to) {
  HWY_DYNAMIC_DISPATCH(NonTemporalCopy)(from, count, to);
}

}  // namespace crease::benchmarks
#endif  // HWY_ONCE
