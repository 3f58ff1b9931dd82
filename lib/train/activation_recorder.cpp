#include "lib/train/activation_recorder.h"

#include <string>
#include <utility>

#include "lib/kernels/layout.h"
#include "lib/train/evaluate.h"
#include "lib/train/row_recorder.h"

namespace crease::train {
namespace {

// Outputs of every linear and every norm for the first points of the training split.
class ActivationRecorder : public RowRecorder {
 public:
  ActivationRecorder(const RunConfig& config, const data::Dataset& dataset, std::size_t points,
                     std::vector<std::int64_t> steps)
      : RowRecorder(std::move(steps)),
        points_(points),
        network_(ArchitectureOf(config, dataset), points) {
    PackBatch(dataset, dataset.train, {}, 0, points, false, batch_);
    const model::Architecture& architecture = network_.architecture();
    for (std::size_t l = 0; l < architecture.linears(); ++l) {
      const bool head = l + 1 == architecture.linears();
      Add("linear" + std::to_string(l) + "_output",
          head ? "logits" : "output of the linear layer, before activation and norm",
          "linear" + std::to_string(l) + "_out", architecture.fan_out(l));
      if (head) break;
      Add("norm" + std::to_string(l) + "_output", "output of the norm, affine map included",
          "norm" + std::to_string(l) + "_unit", architecture.fan_out(l));
    }
  }

  void BeforeUpdate(const StepView& view) override {
    if (!cursor_.Due(view.step)) return;
    const std::size_t row = cursor_.Take();
    network_.Forward(view.parameters, batch_.x.data(), points_);
    for (std::size_t k = 0; k < arrays_.size(); ++k) {
      Unpack(k % 2 == 0 ? network_.linear_output(k / 2) : network_.norm_output(k / 2), row,
             arrays_[k]);
    }
  }

  void Report(RunRecord& record) override {
    std::vector<std::int64_t> indices(points_);
    for (std::size_t p = 0; p < points_; ++p) indices[p] = static_cast<std::int64_t>(p);
    ReportRows("activations", "updates done before the forward pass", record);
    record.axes.push_back({"activations", "point", "index into the training data", indices});
  }

 private:
  void Add(const std::string& name, const std::string& description, const std::string& unit,
           std::size_t features) {
    arrays_.push_back(MakeArray("activations", name, description, "1", {"step", "point", unit},
                                {cursor_.steps().size(), points_, features}));
  }

  void Unpack(const float* from, std::size_t row, RecordedArray& array) const {
    const std::size_t features = array.shape.back();
    float* to = array.values.data() + row * points_ * features;
    for (std::size_t p = 0; p < points_; ++p) {
      const float* lane = from + kernels::OffsetOf(p, 0, features);
      for (std::size_t f = 0; f < features; ++f) *to++ = lane[f * kLanes];
    }
  }

  std::size_t points_;
  model::Network network_;
  Batch batch_;
};

}  // namespace

std::unique_ptr<Probe> MakeActivationRecorder(const RunConfig& config, const data::Dataset& dataset,
                                              std::size_t points, std::vector<std::int64_t> steps) {
  return std::make_unique<ActivationRecorder>(config, dataset, points, std::move(steps));
}

}  // namespace crease::train
