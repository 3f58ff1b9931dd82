// Where each parameter tensor lies in one flat, aligned buffer. Gradients and the moments of the
// optimizer share the layout.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "lib/model/options.h"

namespace crease::model {

// The network that options, inputs and outputs stand for.
struct Architecture {
  Options options;
  std::size_t inputs = 0, outputs = 0;

  std::size_t linears() const { return static_cast<std::size_t>(options.depth) + 1; }
  std::size_t fan_in(std::size_t linear) const;
  std::size_t fan_out(std::size_t linear) const;
};

enum class TensorKind { kLinearWeight, kLinearBias, kNormWeight, kNormBias, kNormAlpha };

struct Tensor {
  std::string
      name;  // "linear0_weight", "linear0_bias", "norm0_weight", "norm0_bias", "norm0_alpha"
  TensorKind kind = TensorKind::kLinearWeight;
  std::size_t layer = 0;              // of the linear or the norm
  std::size_t rows = 1, columns = 1;  // weights (out, in); vectors (1, out)
  std::size_t offset = 0;             // into the buffer, a multiple of 16

  std::size_t size() const { return rows * columns; }
  std::size_t padded_size() const;
};

// Tensors in the order linear0, norm0, linear1, ..., each padded with zeros to a multiple of 16.
class ParameterLayout {
 public:
  explicit ParameterLayout(const Architecture& architecture);

  const std::vector<Tensor>& tensors() const { return tensors_; }
  std::size_t size() const { return size_; }  // floats of the buffer, padding included
  std::size_t count() const;                  // parameters, without padding
  // nullptr if the network has none such.
  const Tensor* Find(TensorKind kind, std::size_t layer) const;

 private:
  std::vector<Tensor> tensors_;
  std::size_t size_ = 0;
};

}  // namespace crease::model
