#include "lib/model/parameters.h"

#include "lib/core/aligned.h"

namespace crease::model {

std::size_t Architecture::fan_in(std::size_t linear) const {
  return linear == 0 ? inputs : static_cast<std::size_t>(options.width);
}

std::size_t Architecture::fan_out(std::size_t linear) const {
  return linear + 1 == linears() ? outputs : static_cast<std::size_t>(options.width);
}

std::size_t Tensor::padded_size() const { return PadToLanes(size()); }

ParameterLayout::ParameterLayout(const Architecture& architecture) {
  const Options& options = architecture.options;
  const auto add = [this](const std::string& name, TensorKind kind, std::size_t layer,
                          std::size_t rows, std::size_t columns) {
    tensors_.push_back({name, kind, layer, rows, columns, size_});
    size_ += tensors_.back().padded_size();
  };
  for (std::size_t l = 0; l < architecture.linears(); ++l) {
    const std::string linear = "linear" + std::to_string(l), norm = "norm" + std::to_string(l);
    const std::size_t outputs = architecture.fan_out(l);
    const bool head = l + 1 == architecture.linears();
    add(linear + "_weight", TensorKind::kLinearWeight, l, outputs, architecture.fan_in(l));
    if (options.bias && (!head || options.head_bias)) {
      add(linear + "_bias", TensorKind::kLinearBias, l, 1, outputs);
    }
    if (head) break;
    if (options.norm == Norm::kDyT) add(norm + "_alpha", TensorKind::kNormAlpha, l, 1, 1);
    if (options.affine) {
      add(norm + "_weight", TensorKind::kNormWeight, l, 1, outputs);
      add(norm + "_bias", TensorKind::kNormBias, l, 1, outputs);
    }
  }
}

std::size_t ParameterLayout::count() const {
  std::size_t total = 0;
  for (const Tensor& tensor : tensors_) total += tensor.size();
  return total;
}

const Tensor* ParameterLayout::Find(TensorKind kind, std::size_t layer) const {
  for (const Tensor& tensor : tensors_) {
    if (tensor.kind == kind && tensor.layer == layer) return &tensor;
  }
  return nullptr;
}

}  // namespace crease::model
