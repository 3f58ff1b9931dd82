// Euclidean norms of each linear layer's weight and bias together.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "lib/kernels/range_norms.h"
#include "lib/model/parameters.h"

namespace crease::train {

class LinearNorms {
 public:
  explicit LinearNorms(const model::ParameterLayout& layout);

  std::size_t linears() const { return ranges_.size(); }

  // Of a buffer in the layout: parameters or gradients. norms (linears).
  void Of(std::span<const float> buffer, std::span<float> norms) const;
  void OfDifference(std::span<const float> a, std::span<const float> b,
                    std::span<float> norms) const;

 private:
  std::vector<kernels::Range> ranges_;
};

}  // namespace crease::train
