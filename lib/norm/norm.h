// Normalisations of points in memory, forward and backward: what a layer of a training framework
// needs, with the same bits on every machine.
//
// A point is a vector of `width` entries. In: points, and optionally a weight and a bias for each
// entry. Out: y = weight u + bias, with u the normalised point; and, going back, the gradients.
//
//   layernorm  u = (x - mean) / s,      s = sqrt(variance + eps), variance without Bessel
//   groupnorm  layernorm in each of `groups` runs of width / groups consecutive entries
//   rmsnorm    u = x / s,               s = sqrt(mean x^2 + eps)
//   unit       u = x / s,               s = sqrt(sum x^2 + eps)
//   divisive   u = x |x|^(a-1) / s,     s = beta^a + sum |x|^a, a = exponent in {1, 2, 3}
//   dyt        u = tanh(alpha x)
// Gradients and sources of the formulas: lib/kernels/norm.h. Where s = 0 (eps = 0 and a point
// without any spread), u and d_x are 0, the limit as eps goes to 0.
//
// Bits. What a point gets depends on that point alone: not on the instruction set (AVX-512, AVX2,
// NEON, plain C++), the number of threads, or how points are split into calls. Sums over the
// entries of a point have a fixed order that depends on width, type and layout only; so the two
// layouts agree within rounding, not to the bit. Sums over points (d_weight, d_bias, d_alpha) are
// taken in blocks of at most BlockOf(width) points, whose number depends on width, type, layout and
// the number of points only: within a block in T, then over the blocks in order, in double. Order
// of sums over entries, L being 16 for float and 8 for double:
//   row-major, width / groups >= L  lane i mod L of partial sum (i / L) mod 4 takes entry i, the
//                                   fourth the last width mod L entries; (0+1) + (2+3) at every
//                                   128 L entries and the end, in order; then the lanes by a tree:
//                                   L/2 apart, L/4, ..., 1
//   otherwise                       runs of 32 entries, each in order; then the runs in order
//
// Accuracy. A point's deviations and their squares are summed in one pass, about the mean of its
// first L entries (16 of them where points lie in lanes). Where the mean of all turns out to be
// further off than the standard deviation, they are summed once more about that. So a mean far
// larger than the deviations costs no digits: errors stay below 7e-7 (float) of the point's largest
// |u|. No overflow and no underflow on the way: a point whose s is outside of [2^-50, 2^62] (float;
// 2^-500, 2^500 double) is done again with its entries scaled. NaN and infinity stay within their
// point; in d_weight, d_bias, d_alpha they show.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

namespace crease::norm {

enum class Kind { kLayerNorm, kGroupNorm, kRmsNorm, kUnit, kDivisive, kDyT };

enum class Layout {
  kRowMajor,      // (points, width): the entries of a point are contiguous
  kFeatureMajor,  // (width, points): one entry of all points is contiguous
};

// How y and d_x are written. Non-temporal stores bypass the caches, which saves reading what will
// be overwritten, and pays where the result is too large to be found in cache afterwards. They need
// results aligned to 64 bytes and, in row-major, a width / groups that is a multiple of L, or below
// L without groups; in feature-major, a number of points that is a multiple. Where that fails,
// ordinary stores are used. No effect on bits.
enum class Stores { kAutomatic, kOrdinary, kNonTemporal };  // automatic: from kStreamBytes on

inline constexpr std::size_t kStreamBytes = std::size_t{32} << 20;  // of one result

struct Options {
  Kind kind = Kind::kLayerNorm;
  std::size_t width = 0;   // entries of a point, > 0
  std::size_t groups = 1;  // groupnorm only; divides width
  double eps = 1e-5;       // >= 0, rounded to T; layernorm, groupnorm, rmsnorm, unit
  double beta = 1.0;       // >= 0; divisive
  int exponent = 2;        // divisive: 1, 2 or 3
  Layout layout = Layout::kRowMajor;
  Stores stores = Stores::kAutomatic;
  int threads = 1;  // > 0; points, or entries of few points, are shared out by OpenMP
};

// The most points in a block of a sum over points, which is the unit of work of a thread.
std::size_t BlockOf(std::size_t width);

template <typename T>
struct Parameters {
  std::span<const T> weight;  // (width), or empty: 1
  std::span<const T> bias;    // (width), or empty: 0
  T alpha = T{1};             // dyt
};

// What backward needs of forward besides x: (points, groups) in row-major, (groups, points) in
// feature-major, with groups = 1 but for groupnorm. The mean of a point is mean + mean_rest, which
// has twice the digits; without the second, gradients lose digits as the mean grows.
template <typename T>
struct Statistics {
  std::span<T> mean;       // layernorm, groupnorm
  std::span<T> mean_rest;  // layernorm, groupnorm
  std::span<T> inverse;    // 1 / s; all but dyt
};

template <typename T>
struct Job;
template <typename T>
struct BlockSums;

template <typename T>
struct ParameterGradients {  // overwritten; leave empty what is not wanted
  std::span<T> d_weight;     // (width): sum over points of d_y u
  std::span<T> d_bias;       // (width): sum over points of d_y
  T* d_alpha = nullptr;      // dyt
};

// One normalisation of given width, T being float or double. Allocates its scratch memory when
// constructed and none later. Not for use by several threads at once: give each its own (copies
// are independent, and cheap).
//
// Any number of points, 0 included; spans of any alignment (64 bytes are fastest). No span written
// to may overlap another one. Throws Error (kInput) with the span's name where a size is not what
// the shapes above say, where spans overlap, or where an option is out of range.
template <typename T>
class Norm {
 public:
  explicit Norm(const Options& options);
  Norm(const Norm& other);
  Norm& operator=(const Norm&) = delete;
  ~Norm();

  const Options& options() const { return options_; }

  // x, y: (points, width) or (width, points). Statistics left empty are not written.
  void Forward(std::span<const T> x, std::span<T> y, const Parameters<T>& parameters = {},
               const Statistics<T>& statistics = {});

  // d_y -> d_x, shaped as x. statistics: of Forward on the same x; if `inverse` is empty, they
  // are computed from x again (same bits); if only `mean_rest` is empty, it is taken as 0.
  void Backward(std::span<const T> x, std::span<const T> d_y, std::span<T> d_x,
                const Parameters<T>& parameters = {}, const Statistics<const T>& statistics = {},
                const ParameterGradients<T>& gradients = {});

 private:
  struct Scratch;
  bool BackwardShares(const Job<T>& job, const BlockSums<T>& sums);
  template <typename Run>
  void SumBlocks(const Job<T>& job, const ParameterGradients<T>& gradients, const Run& run);
  Options options_;
  std::unique_ptr<Scratch> scratch_;
};

extern template class Norm<float>;
extern template class Norm<double>;

}  // namespace crease::norm
