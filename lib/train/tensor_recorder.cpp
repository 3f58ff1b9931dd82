#include "lib/train/tensor_recorder.h"

#include <algorithm>
#include <string>
#include <utility>

#include "lib/train/row_recorder.h"

namespace crease::train {
namespace {

// All parameter tensors, or their gradients.
class TensorRecorder : public RowRecorder {
 public:
  TensorRecorder(bool gradients, const model::ParameterLayout& layout,
                 std::vector<std::int64_t> steps)
      : RowRecorder(std::move(steps)), gradients_(gradients), layout_(layout) {
    const std::string group = gradients ? "gradients" : "weights";
    for (const model::Tensor& tensor : layout_.tensors()) {
      std::vector<std::string> dimensions = {"step"};
      std::vector<std::size_t> shape = {cursor_.steps().size()};
      const std::string layer = std::to_string(tensor.layer);
      switch (tensor.kind) {
        case model::TensorKind::kLinearWeight:
          dimensions.insert(dimensions.end(),
                            {"linear" + layer + "_out", "linear" + layer + "_in"});
          shape.insert(shape.end(), {tensor.rows, tensor.columns});
          break;
        case model::TensorKind::kLinearBias:
          dimensions.push_back("linear" + layer + "_out");
          shape.push_back(tensor.columns);
          break;
        case model::TensorKind::kNormWeight:
        case model::TensorKind::kNormBias:
          dimensions.push_back("norm" + layer + "_unit");
          shape.push_back(tensor.columns);
          break;
        case model::TensorKind::kNormAlpha:
          break;
      }
      arrays_.push_back(MakeArray(group, tensor.name,
                                  gradients ? "gradient of the mean loss" : "parameters", "1",
                                  std::move(dimensions), std::move(shape)));
    }
  }

  void BeforeUpdate(const StepView& view) override {
    if (cursor_.Due(view.step)) Take(gradients_ ? view.gradients : view.parameters);
  }

  void AtEnd(std::span<const float> parameters) override {
    if (!gradients_ && !cursor_.steps().empty() && cursor_.Due(cursor_.steps().back())) {
      Take(parameters);
    }
  }

  void Report(RunRecord& record) override {
    const char* description = gradients_ ? "updates done before the gradient was taken"
                                         : "updates done; the last are the final weights";
    ReportRows(gradients_ ? "gradients" : "weights", description, record);
  }

 private:
  void Take(std::span<const float> from) {
    const std::size_t row = cursor_.Take();
    for (std::size_t k = 0; k < arrays_.size(); ++k) {
      const model::Tensor& tensor = layout_.tensors()[k];
      std::copy_n(from.data() + tensor.offset, tensor.size(),
                  arrays_[k].values.data() + row * tensor.size());
    }
  }

  bool gradients_;
  model::ParameterLayout layout_;
};

}  // namespace

std::unique_ptr<Probe> MakeTensorRecorder(bool gradients, const model::ParameterLayout& layout,
                                          std::vector<std::int64_t> steps) {
  return std::make_unique<TensorRecorder>(gradients, layout, std::move(steps));
}

}  // namespace crease::train
