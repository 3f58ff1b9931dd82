// What bench_norm times: LayerNorm with weight and bias over an array of points, forward or
// backward, and the answer that it must give.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "benchmarks/limits/buffer.h"
#include "lib/core/aligned.h"

namespace crease::benchmarks {

struct NormShape {
  bool operator==(const NormShape&) const = default;

  bool backward = false;
  bool feature_major = false;  // (width, points) instead of (points, width)
  std::size_t width = 0;
  std::size_t bytes = 0;  // read and written by one call: x and y, or x, d_y and d_x
  int threads = 1;
};

inline constexpr float kEps = 1e-5f;

// Owns the arrays of one shape, x and d_y filled, the same for all that are compared.
struct NormCase {
  explicit NormCase(const NormShape& shape);

  std::size_t OffsetOf(std::size_t point, std::size_t entry) const {
    return shape.feature_major ? entry * points + point : point * shape.width + entry;
  }
  std::size_t size() const { return points * shape.width; }
  void Forget();  // puts NaN in place of the answer

  NormShape shape;
  std::size_t points = 0;
  Buffer x, y, d_y, d_x;                                // forward: x, y; backward: x, d_y, d_x
  AlignedVector<float> weight, bias, d_weight, d_bias;  // (width), as libraries align tensors
};

// The largest error of y, or of d_x, d_weight and d_bias, against two passes in double precision:
// relative to 1 + |value| + 1 / s for y and d_x (what rounding x costs grows with 1 / s), to the
// root of the sum of squares for sums over points.
double ErrorOf(const NormCase& norm);

// One implementation, on the arrays of a case. Each is one file, built where its library is there.
class NormPeer {
 public:
  virtual ~NormPeer() = default;
  virtual void Run() = 0;    // what is timed; before backward, the statistics are there already
  virtual void Publish() {}  // brings the answer into the arrays of the case, unless it is there
};

std::unique_ptr<NormPeer> MakeCrease(NormCase& norm);
std::unique_ptr<NormPeer> MakeEigen(NormCase& norm);  // processors and layouts: all
std::unique_ptr<NormPeer> MakeDnnl(NormCase& norm);   // row-major
std::unique_ptr<NormPeer> MakeTorch(NormCase& norm);  // row-major

}  // namespace crease::benchmarks
