// The same bits, whatever the instruction set, the number of threads, the split into calls, the
// alignment and the kind of stores.
#include <string>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "lib/core/aligned.h"
#include "tests/norm/cases.h"

namespace crease::norm {
namespace {

template <typename T>
class NormBits : public testing::Test {
 protected:
  void TearDown() override { kernels::ForceTarget(""); }
};

using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(NormBits, Types);

// Of some points, so far that deviations have to be summed once more.
template <typename T>
void MoveFirstEntries(Case<T>& its) {
  for (std::size_t i = 0; i < its.x.size(); ++i) {
    const bool row_major = its.options.layout == Layout::kRowMajor;
    const std::size_t point = row_major ? i / its.options.width : i % its.points;
    const std::size_t entry = row_major ? i % its.options.width : i / its.points;
    if (point % 3 == 1 && entry < 8) its.x[i] += T(50);
  }
}

TYPED_TEST(NormBits, AreEqualOnEveryTarget) {
  const std::vector<std::string> targets = kernels::SupportedTargets();
  ASSERT_GE(targets.size(), 2u);
  for (const Options& kind : AllKinds()) {
    for (const std::size_t width : {1, 2, 3, 5, 8, 15, 16, 17, 33, 64, 100, 257, 1024, 4097}) {
      for (const std::size_t points : {1, 7, 16, 17, 40, 64, 133}) {
        if (width * points > 20000) continue;
        for (const bool given : {true, false}) {
          Case<TypeParam> best(WithWidth(kind, width), points);
          SCOPED_TRACE(Describe(best.options, points));
          best.affine = best.given_statistics = given;
          MoveFirstEntries(best);
          Case<TypeParam> other = best;
          kernels::ForceTarget("");
          best.Run();
          for (std::size_t i = 1; i < targets.size(); ++i) {
            kernels::ForceTarget(targets[i]);
            other.Run();
            SCOPED_TRACE(targets[i]);
            ExpectSameBits(best, other);
            if (this->HasFailure()) return;
          }
        }
      }
    }
  }
}

// Statistics given or computed again make no difference; nor do threads.
TYPED_TEST(NormBits, DoNotDependOnThreadsOrStatistics) {
  for (const Options& kind : AllKinds()) {
    for (const std::size_t width : {3, 16, 100, 1024}) {
      const std::size_t points = 3 * BlockOf(width) + 17;
      Case<TypeParam> one(WithWidth(kind, width), points);
      SCOPED_TRACE(Describe(one.options, points));
      one.Run();
      for (const int threads : {2, 7}) {
        Case<TypeParam> many = one;
        many.options.threads = threads;
        many.given_statistics = threads == 2;
        many.Run();
        ExpectSameBits(one, many);
      }
    }
  }
}

// So few points that threads share out entries in feature-major, and halves of the points in
// row-major. Some points overflow unless they are scaled.
TYPED_TEST(NormBits, OfFewPointsDoNotDependOnThreads) {
  for (const Options& kind : AllKinds()) {
    for (const std::size_t width : {33, 64, 100, 1024}) {
      for (const std::size_t points : {1, 8, 9, 21, 64, 85}) {
        for (const bool unusual : {false, true}) {
          Case<TypeParam> one(WithWidth(kind, width), points);
          SCOPED_TRACE(Describe(one.options, points));
          MoveFirstEntries(one);
          if (unusual) {
            const TypeParam large = std::numeric_limits<TypeParam>::max() / 8;
            one.x[one.x.size() / 2] = large;
          }
          one.Run();
          for (const int threads : {2, 3}) {
            Case<TypeParam> many = one;
            many.options.threads = threads;
            many.Run();
            ExpectSameBits(one, many);
            if (this->HasFailure()) return;
          }
        }
      }
    }
  }
}

template <typename T>
std::span<T> Aligned(AlignedVector<T>& values) {
  return {values.data(), values.size()};
}

std::vector<Options> AllKindsWithWidths(const std::vector<std::size_t>& widths) {
  std::vector<Options> all;
  for (const Options& kind : AllKinds()) {
    for (const std::size_t width : widths) all.push_back(WithWidth(kind, width));
  }
  return all;
}

// Widths and numbers of points that allow non-temporal stores; results aligned and not.
TYPED_TEST(NormBits, DoNotDependOnStoresOrAlignment) {
  using T = TypeParam;
  for (const Options& kind : AllKindsWithWidths({3, 8, 64})) {
    const Case<T> its(kind, 192);
    AlignedVector<T> results[3], gradients[3];
    const std::size_t size = its.x.size();
    for (int i = 0; i < 3; ++i) {
      Options options = its.options;
      options.stores = i == 0 ? Stores::kOrdinary : Stores::kNonTemporal;
      const std::size_t shift = i == 2 ? 3 : 0;
      results[i].resize(size + shift);
      gradients[i].resize(size + shift);
      Norm<T> norm(options);
      norm.Forward(its.x, Aligned(results[i]).subspan(shift), its.parameters());
      norm.Backward(its.x, its.d_y, Aligned(gradients[i]).subspan(shift), its.parameters());
      for (std::size_t k = 0; k < size; ++k) {
        ASSERT_TRUE(SameBits(results[0][k], results[i][k + shift])) << Describe(options, 192);
        ASSERT_TRUE(SameBits(gradients[0][k], gradients[i][k + shift])) << Describe(options, 192);
      }
    }
  }
}

// The points [first, last) of a case.
template <typename T>
Case<T> Part(const Case<T>& whole, std::size_t first, std::size_t last) {
  Case<T> part(whole.options, last - first);
  part.weight = whole.weight;
  part.bias = whole.bias;
  const std::size_t width = whole.options.width;
  for (std::size_t p = first; p < last; ++p) {
    for (std::size_t c = 0; c < width; ++c) {
      const bool row_major = whole.options.layout == Layout::kRowMajor;
      const std::size_t to = row_major ? (p - first) * width + c : c * part.points + p - first;
      const std::size_t from = row_major ? p * width + c : c * whole.points + p;
      part.x[to] = whole.x[from];
      part.d_y[to] = whole.d_y[from];
      if (whole.y.empty()) continue;
      part.y.resize(part.x.size());
      part.d_x.resize(part.x.size());
      part.y[to] = whole.y[from];
      part.d_x[to] = whole.d_x[from];
    }
  }
  return part;
}

RC_GTEST_PROP(NormBitsOfFloats, DoNotDependOnHowPointsAreSplit, ()) {
  const std::vector<Options> kinds = AllKinds();
  const Options kind = kinds[*rc::gen::inRange<std::size_t>(0, kinds.size())];
  const auto width = *rc::gen::inRange<std::size_t>(1, 70);
  const auto points = *rc::gen::inRange<std::size_t>(1, 150);
  const auto first = *rc::gen::inRange<std::size_t>(0, points);
  const auto last = *rc::gen::inRange<std::size_t>(first, points) + 1;
  Case<float> whole(WithWidth(kind, width), points, *rc::gen::inRange<std::uint32_t>(0, 1000));
  whole.Run();
  const Case<float> expected = Part(whole, first, last);
  Case<float> part = expected;
  part.Run();
  RC_ASSERT(SameBits(part.y, expected.y));
  RC_ASSERT(SameBits(part.d_x, expected.d_x));
}

}  // namespace
}  // namespace crease::norm
