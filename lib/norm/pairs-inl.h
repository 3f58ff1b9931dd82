// Points that fill no more than half of a pack, feature-major: two entries share a pack, the points
// of one in its lower half, of the other in its upper one. What is known of a point stands in both.
#if defined(CREASE_NORM_PAIRS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef CREASE_NORM_PAIRS_INL_H_
#undef CREASE_NORM_PAIRS_INL_H_
#else
#define CREASE_NORM_PAIRS_INL_H_
#endif

#include "lib/norm/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace crease::norm {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_AVX3

template <typename T>
using HalfTag = hn::Half<Tag<T>>;

// The first `count` lanes of half a pack.
template <typename T>
struct HalfPart {
  std::size_t count;
  hn::Mask<HalfTag<T>> mask;
};
template <typename T>
HWY_INLINE HalfPart<T> HalfPartOf(std::size_t count) {
  return {count, hn::FirstN(HalfTag<T>(), count)};
}
// By halves: lanes of whole packs that are masked off slow down what lies near in memory.
template <typename T>
HWY_INLINE Pack<T> LoadPair(const T* lower, const T* upper, const HalfPart<T>& part) {
  const HalfTag<T> half;
  return {{hn::Combine(Tag<T>(), hn::MaskedLoad(part.mask, half, upper),
                       hn::MaskedLoad(part.mask, half, lower))}};
}
template <typename T>
HWY_INLINE Pack<T> SetPair(T lower, T upper) {
  const Tag<T> d;
  return {{hn::IfThenElse(hn::FirstN(d, kPackLanes<T> / 2), hn::Set(d, lower), hn::Set(d, upper))}};
}
template <typename T>
HWY_INLINE void StorePair(const Pack<T>& a, T* lower, T* upper, const HalfPart<T>& part) {
  const HalfTag<T> half;
  hn::BlendedStore(hn::LowerHalf(half, a.v[0]), part.mask, half, lower);
  hn::BlendedStore(hn::UpperHalf(half, a.v[0]), part.mask, half, upper);
}
template <typename T>
HWY_INLINE Pack<T> SwapHalves(const Pack<T>& a) {
  return {{hn::ConcatLowerUpper(Tag<T>(), a.v[0], a.v[0])}};
}

#else

// Vectors of half a pack.
template <typename T>
inline constexpr std::size_t kHalf = kVectors<T> / 2;

template <typename T>
struct HalfPart {
  std::size_t count;
  hn::Mask<Tag<T>> mask;  // AVX2 only, where a vector is half a pack
};
template <typename T>
HWY_INLINE HalfPart<T> HalfPartOf(std::size_t count) {
  return {count, hn::FirstN(Tag<T>(), count)};
}

template <typename T>
HWY_INLINE Pack<T> LoadPair(const T* lower, const T* upper, const HalfPart<T>& part) {
#if HWY_TARGET == HWY_AVX2
  const Tag<T> d;
  return {{hn::MaskedLoad(part.mask, d, lower), hn::MaskedLoad(part.mask, d, upper)}};
#else
  alignas(64) T copy[kPackLanes<T>] = {};
  std::memcpy(copy, lower, part.count * sizeof(T));
  std::memcpy(copy + kPackLanes<T> / 2, upper, part.count * sizeof(T));
  return Load(copy);
#endif
}
template <typename T>
HWY_INLINE Pack<T> SetPair(T lower, T upper) {
  Pack<T> r;
  CREASE_FOR_EACH_VECTOR_OF(T, r.v[i] = hn::Set(Tag<T>(), i < kHalf<T> ? lower : upper));
  return r;
}
template <typename T>
HWY_INLINE void StorePair(const Pack<T>& a, T* lower, T* upper, const HalfPart<T>& part) {
#if HWY_TARGET == HWY_AVX2
  hn::BlendedStore(a.v[0], part.mask, Tag<T>(), lower);
  hn::BlendedStore(a.v[1], part.mask, Tag<T>(), upper);
#else
  alignas(64) T copy[kPackLanes<T>];
  Store(a, copy);
  std::memcpy(lower, copy, part.count * sizeof(T));
  std::memcpy(upper, copy + kPackLanes<T> / 2, part.count * sizeof(T));
#endif
}
template <typename T>
HWY_INLINE Pack<T> SwapHalves(const Pack<T>& a) {
  Pack<T> r;
  CREASE_FOR_EACH_VECTOR_OF(T, r.v[i] = a.v[(i + kHalf<T>) % kVectors<T>]);
  return r;
}

#endif  // HWY_TARGET

// The lower half in both.
template <typename T>
HWY_INLINE Pack<T> Doubled(const Pack<T>& a) {
  alignas(64) T copy[kPackLanes<T>];
  Store(a, copy);
  std::memcpy(copy + kPackLanes<T> / 2, copy, sizeof copy / 2);
  return Load(copy);
}

template <typename T, std::size_t kSums>
struct PairSums {
  Pack<T> of[kSums];
};

// The sums that SumsOverEntries takes, in the same order: runs of 32 entries, two of them in a
// pack. term(first, second, sums) adds the terms of two entries.
template <typename T, std::size_t kSums, class Term>
HWY_INLINE PairSums<T, kSums> SumsOverPairs(const Job<T>& job, const T* x, const Term& term) {
  // Several pairs of runs side by side, since an addition waits for the one before.
  constexpr std::size_t kPairs = kWide, kStep = 2 * kPairs * kRun;
  using Sums = PairSums<T, kSums>;
  Sums sums = {};
  if (job.section != nullptr && job.section->writes) {
    const auto stored = SumsOfSections<kSums, 1>(job, x);
    Times<kSums>([&](auto k) HWY_ATTR { sums.of[k()] = Doubled(stored.of[0][k()]); });
    return sums;
  }
  const std::size_t width = job.last_entry();
  const auto add = [&](std::size_t start, const Sums& run) HWY_ATTR {
    Times<kSums>([&](auto k) HWY_ATTR {
      if (HWY_UNLIKELY(job.section != nullptr)) {
        const auto point = static_cast<std::size_t>(x - job.x);
        return Store(run.of[k()], job.section->runs + job.section->At(start / kRun, k(), point));
      }
      sums.of[k()] = start == 0 ? run.of[k()] : sums.of[k()] + run.of[k()];
    });
  };
  const auto add_both = [&](std::size_t start, Sums run) HWY_ATTR {
    add(start, run);
    Times<kSums>([&](auto k) HWY_ATTR { run.of[k()] = SwapHalves(run.of[k()]); });
    add(start + kRun, run);
  };
  const auto clear = [](Sums& run) HWY_ATTR {
    Times<kSums>([&](auto k) HWY_ATTR { run.of[k()] = Zero<T>(); });
  };
  std::size_t start = job.first_entry();
  for (; start + kStep <= width; start += kStep) {
    Sums pairs[kPairs];
    Times<kPairs>([&](auto r) HWY_ATTR { clear(pairs[r()]); });
    for (std::size_t c = start; c < start + kRun; ++c) {
      Times<kPairs>([&](auto r) HWY_ATTR {
        term(c + 2 * r() * kRun, c + (2 * r() + 1) * kRun, pairs[r()].of);
      });
    }
    Times<kPairs>([&](auto r) HWY_ATTR { add_both(start + 2 * r() * kRun, pairs[r()]); });
  }
  for (; start < width; start += kRun) {
    const std::size_t end = width - start < kRun ? width : start + kRun;
    Sums run;
    clear(run);
    for (std::size_t c = start; c < end; ++c) term(c, c, run.of);
    add(start, run);
  }
  // Lower halves hold the sums over all runs.
  Times<kSums>([&](auto k) HWY_ATTR { sums.of[k()] = Doubled(sums.of[k()]); });
  return sums;
}

}  // namespace HWY_NAMESPACE
}  // namespace crease::norm
HWY_AFTER_NAMESPACE();

#endif  // target toggle
