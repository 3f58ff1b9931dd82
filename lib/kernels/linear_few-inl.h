// Linear maps with few inputs or few outputs (a network's first and last one): they move much and
// compute little, so weights and sums stay in registers while the groups go by.
#if defined(CREASE_KERNELS_LINEAR_FEW_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef CREASE_KERNELS_LINEAR_FEW_INL_H_
#undef CREASE_KERNELS_LINEAR_FEW_INL_H_
#else
#define CREASE_KERNELS_LINEAR_FEW_INL_H_
#endif

#include <type_traits>

#include "lib/kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace crease::kernels {
namespace HWY_NAMESPACE {

inline constexpr std::size_t kFew = 4;

// Rows of a matrix with kCols columns whose elements, and one value more a row, fit the registers.
template <std::size_t kCols>
constexpr std::size_t FewRows() {
  constexpr std::size_t kWide[] = {0, 8, 8, 6, 4}, kSlim[] = {0, 4, 4, 3, 2};
  return kVectors == 1 ? kWide[kCols] : kSlim[kCols];
}

// z = W x + b with kIn inputs; the weight of output o and input i is at
// weight[o * output_stride + i * input_stride]. `outputs` counts from weight, bias, z on.
template <std::size_t kIn, std::size_t kOut>
HWY_INLINE void MultiplyFewBlock(std::size_t groups, const float* HWY_RESTRICT weight,
                                 std::size_t output_stride, std::size_t input_stride,
                                 const float* HWY_RESTRICT bias, const float* HWY_RESTRICT x,
                                 float* HWY_RESTRICT z, std::size_t z_stride) {
  const Tag d;
  Vector factor[kOut][kIn], start[kOut];
  for (std::size_t o = 0; o < kOut; ++o) {
    start[o] = hn::Set(d, bias == nullptr ? 0.0f : bias[o]);
    for (std::size_t i = 0; i < kIn; ++i) {
      factor[o][i] = hn::Set(d, weight[o * output_stride + i * input_stride]);
    }
  }
  for (std::size_t g = 0; g < groups; ++g) {
    for (std::size_t lane = 0; lane < kLanes; lane += kVectorLanes) {
      Vector value[kIn];
      for (std::size_t i = 0; i < kIn; ++i) value[i] = hn::Load(d, x + i * kLanes + lane);
      for (std::size_t o = 0; o < kOut; ++o) {
        Vector sum = start[o];
        for (std::size_t i = 0; i < kIn; ++i) sum = FusedMulAdd(factor[o][i], value[i], sum);
        hn::Store(sum, d, z + o * kLanes + lane);
      }
    }
    x += kIn * kLanes;
    z += z_stride;
  }
}

template <std::size_t kIn, std::size_t kOut = FewRows<kIn>()>
HWY_INLINE void MultiplyFew(std::size_t outputs, std::size_t groups, const float* weight,
                            std::size_t output_stride, std::size_t input_stride, const float* bias,
                            const float* x, float* z, std::size_t z_stride) {
  std::size_t o = 0;
  for (; o + kOut <= outputs; o += kOut) {
    MultiplyFewBlock<kIn, kOut>(groups, weight + o * output_stride, output_stride, input_stride,
                                bias == nullptr ? nullptr : bias + o, x, z + o * kLanes, z_stride);
  }
  if constexpr (kOut > 1) {
    if (o < outputs) {
      MultiplyFew<kIn, kOut / 2>(outputs - o, groups, weight + o * output_stride, output_stride,
                                 input_stride, bias == nullptr ? nullptr : bias + o, x,
                                 z + o * kLanes, z_stride);
    }
  }
}

// The sums over groups of outer products rows x cols, and of the rows themselves, added to 16 lanes
// each: product (r, c) at products + r * row_stride + c * col_stride, row r at row_sums + 16 r
// (nullptr: not wanted). rows, cols: feature f of group g at + g * stride + 16 f.
struct OuterSums {
  std::size_t groups;
  const float* rows;
  std::size_t rows_stride;
  const float* cols;
  float* products;
  std::size_t row_stride, col_stride;
  float* row_sums;
};

template <std::size_t kCols, std::size_t kRows>
HWY_INLINE void AddOuterBlock(const OuterSums& sums) {
  const Tag d;
  for (std::size_t lane = 0; lane < kLanes; lane += kVectorLanes) {
    float* HWY_RESTRICT products = sums.products + lane;
    Vector product[kRows][kCols], row_sum[kRows];
    for (std::size_t r = 0; r < kRows; ++r) {
      row_sum[r] = hn::Zero(d);
      if (sums.row_sums != nullptr) row_sum[r] = hn::Load(d, sums.row_sums + r * kLanes + lane);
      for (std::size_t c = 0; c < kCols; ++c) {
        product[r][c] = hn::Load(d, products + r * sums.row_stride + c * sums.col_stride);
      }
    }
    const float* HWY_RESTRICT rows = sums.rows + lane;
    const float* HWY_RESTRICT cols = sums.cols + lane;
    for (std::size_t g = 0; g < sums.groups; ++g) {
      Vector col[kCols];
      for (std::size_t c = 0; c < kCols; ++c) col[c] = hn::Load(d, cols + c * kLanes);
      for (std::size_t r = 0; r < kRows; ++r) {
        const Vector row = hn::Load(d, rows + r * kLanes);
        row_sum[r] = hn::Add(row_sum[r], row);
        for (std::size_t c = 0; c < kCols; ++c) {
          product[r][c] = FusedMulAdd(row, col[c], product[r][c]);
        }
      }
      rows += sums.rows_stride;
      cols += kCols * kLanes;
    }
    for (std::size_t r = 0; r < kRows; ++r) {
      if (sums.row_sums != nullptr) hn::Store(row_sum[r], d, sums.row_sums + r * kLanes + lane);
      for (std::size_t c = 0; c < kCols; ++c) {
        hn::Store(product[r][c], d, products + r * sums.row_stride + c * sums.col_stride);
      }
    }
  }
}

template <std::size_t kCols, std::size_t kRows = FewRows<kCols>()>
HWY_INLINE void AddOuter(std::size_t rows, OuterSums sums) {
  for (; rows >= kRows; rows -= kRows) {
    AddOuterBlock<kCols, kRows>(sums);
    sums.rows += kRows * kLanes;
    sums.products += kRows * sums.row_stride;
    if (sums.row_sums != nullptr) sums.row_sums += kRows * kLanes;
  }
  if constexpr (kRows > 1) {
    if (rows > 0) AddOuter<kCols, kRows / 2>(rows, sums);
  }
}

// work(count as a constant) for a count of 1 ... kFew.
template <typename Work>
HWY_INLINE void WithFew(std::size_t count, const Work& work) {
  if (count == 1) return work(std::integral_constant<std::size_t, 1>());
  if (count == 2) return work(std::integral_constant<std::size_t, 2>());
  if (count == 3) return work(std::integral_constant<std::size_t, 3>());
  return work(std::integral_constant<std::size_t, 4>());
}

}  // namespace HWY_NAMESPACE
}  // namespace crease::kernels
HWY_AFTER_NAMESPACE();

#endif  // target toggle
