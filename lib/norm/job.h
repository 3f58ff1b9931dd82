// One call of Forward or Backward, as the kernels of this folder see it. Not for users.
//
// In: pointers and strides, checked. Out: a range of points written, and the range's share of the
// sums over points. Kernels know nothing of threads: each call has scratch memory of its own.
#pragma once

#include <cstddef>

#include "lib/core/aligned.h"
#include "lib/norm/norm.h"

namespace crease::norm {

// Lanes of a pack: 16 floats or 8 doubles.
template <typename T>
inline constexpr std::size_t kPackLanes = kAlignmentBytes / sizeof(T);

// 1 / s outside of these bounds marks a point whose sums may have over- or underflowed; such
// points are done again by the functions of rescue.h.
template <typename T>
inline constexpr T kLowestInverse = sizeof(T) == 4 ? T(0x1p-62) : T(0x1p-500);
template <typename T>
inline constexpr T kHighestInverse = sizeof(T) == 4 ? T(0x1p50) : T(0x1p500);

// Entries whose sums are taken in order where points lie in lanes; then the runs' are.
inline constexpr std::size_t kRun = 32;

// One thread's entries of a call that threads share out by entries, in two steps: sums over each
// run of its entries, stored; then, when all threads have done so, outputs of its entries.
template <typename T>
struct Section {
  std::size_t first = 0, last = 0;  // multiples of kRun, or the end
  bool writes = false;              // the second step
  bool leads = false;               // one thread writes the statistics
  T* runs = nullptr;                // (runs, 2, points): by run, of which sum
  std::size_t points = 0;           // padded to packs
  bool unusual = false;  // set where a point needs its entries scaled: nothing is right then

  std::size_t At(std::size_t run, std::size_t sum, std::size_t point) const {
    return (run * 2 + sum) * points + point;
  }
};

// Rows of at most so many bytes are taken a pack's lanes of them at a time.
inline constexpr std::size_t kNarrowBytes = 640;

template <typename T>
struct Job {
  Kind kind = Kind::kLayerNorm;
  Layout layout = Layout::kRowMajor;
  int exponent = 2;
  std::size_t width = 0;   // entries of a group of a point
  T share = 0;             // 1 / width
  std::size_t groups = 1;  // groups of a point
  T eps = 0;
  T beta = 0, beta_power = 0;  // beta^exponent
  T alpha = 1;

  std::size_t points = 0;
  // Entry c of group k of point p lies at p * point_stride + (k * width + c) * entry_stride.
  std::size_t point_stride = 0, entry_stride = 0;
  // A statistic of group k of point p lies at p * point_stride + k * group_stride.
  std::size_t statistics_point_stride = 0, statistics_group_stride = 0;

  const T* x = nullptr;
  const T* d_y = nullptr;  // backward only
  T* out = nullptr;        // y or d_x
  // weight and bias (groups * width), ones and zeros where the caller gave none. `affine`: whether
  // there is anything to be applied.
  bool affine = false;
  const T* weight = nullptr;
  const T* bias = nullptr;
  // Where the statistics go in forward; null where not wanted.
  T* mean = nullptr;
  T* mean_rest = nullptr;
  T* inverse = nullptr;
  // The statistics in backward; known_inverse == nullptr means that they are computed from x.
  const T* known_mean = nullptr;
  const T* known_mean_rest = nullptr;  // nullptr: 0
  const T* known_inverse = nullptr;
  bool stream = false;            // non-temporal stores
  Section<T>* section = nullptr;  // null: all entries. Feature-major, one group, statistics known.

  std::size_t first_entry() const { return section == nullptr ? 0 : section->first; }
  std::size_t last_entry() const { return section == nullptr ? width : section->last; }
  bool only_sums() const { return section != nullptr && !section->writes; }
  std::size_t At(std::size_t point, std::size_t group, std::size_t entry) const {
    return point * point_stride + (group * width + entry) * entry_stride;
  }
  std::size_t StatisticAt(std::size_t point, std::size_t group) const {
    return point * statistics_point_stride + group * statistics_group_stride;
  }
  bool centred() const { return kind == Kind::kLayerNorm || kind == Kind::kGroupNorm; }
  // What the sum of squares is multiplied by.
  T Share() const { return kind == Kind::kUnit ? T{1} : share; }
  // Whether entries lie in lanes; otherwise points do.
  bool entries_in_lanes() const { return layout == Layout::kRowMajor && width >= kPackLanes<T>; }
};

// Sums over the points of one block; overwritten (by a range that has a point). Null where not
// wanted; d_weight and d_bias are both there or neither.
template <typename T>
struct BlockSums {
  T* d_weight = nullptr;  // (groups * width)
  T* d_bias = nullptr;    // (groups * width)
  T* d_alpha = nullptr;
};

// Points [first, last). Rows: for jobs with entries in lanes. `scratch`: of TileScratch
// (scratch.h). With sums over points, a range is a block of them.
void ForwardRows(const Job<float>& job, std::size_t first, std::size_t last);
void ForwardRows(const Job<double>& job, std::size_t first, std::size_t last);
void ForwardTiles(const Job<float>& job, std::size_t first, std::size_t last, float* scratch);
void ForwardTiles(const Job<double>& job, std::size_t first, std::size_t last, double* scratch);
void BackwardRows(const Job<float>& job, std::size_t first, std::size_t last,
                  const BlockSums<float>& sums);
void BackwardRows(const Job<double>& job, std::size_t first, std::size_t last,
                  const BlockSums<double>& sums);
void BackwardTiles(const Job<float>& job, std::size_t first, std::size_t last,
                   const BlockSums<float>& sums, float* scratch);
void BackwardTiles(const Job<double>& job, std::size_t first, std::size_t last,
                   const BlockSums<double>& sums, double* scratch);

}  // namespace crease::norm
