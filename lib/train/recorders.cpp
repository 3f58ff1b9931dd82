#include "lib/train/recorders.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "lib/kernels/layout.h"
#include "lib/train/evaluate.h"
#include "lib/train/schedule.h"

namespace crease::train {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr double kAutoWeightBytes = 8.0 * 1024 * 1024;

RecordedArray MakeArray(std::string group, std::string name, std::string description,
                        std::string units, std::vector<std::string> dimensions,
                        std::vector<std::size_t> shape) {
  std::size_t count = 1;
  for (const std::size_t length : shape) count *= length;
  RecordedArray array{std::move(group), std::move(name),       std::move(description),
                      std::move(units), std::move(dimensions), std::move(shape),
                      {}};
  array.values.assign(count, kNaN);
  return array;
}

std::string LossUnits(const RunConfig& config) {
  return config.loss == Loss::kCrossEntropy ? "nats" : "1";
}

// Loss, accuracy and norms; loss and accuracy of the test split.
class ScalarRecorder : public Probe {
 public:
  ScalarRecorder(const RunConfig& config, const data::Dataset& dataset,
                 const RecordOptions& record)
      : cursor_(RecordedSteps(record.scalars, config.steps - 1, 1)),
        linears_(static_cast<std::size_t>(config.model.depth) + 1) {
    const std::size_t rows = cursor_.steps().size();
    loss_ = MakeArray("", "loss", "mean training loss of the step's batch, before the update",
                      LossUnits(config), {"step"}, {rows});
    if (!dataset.regression) {
      accuracy_ = MakeArray("", "accuracy", "share of the step's batch that is classified right",
                            "1", {"step"}, {rows});
    }
    grad_norm_ = Norms("grad_norm", "Euclidean norm of the gradient of a linear layer", rows);
    weight_norm_ = Norms("weight_norm", "Euclidean norm of a linear layer's weight and bias", rows);
    update_norm_ = Norms("update_norm", "Euclidean norm of a linear layer's update", rows);
    if (dataset.test.points > 0 && record.test.form != StepSchedule::Form::kOff) {
      PrepareTest(config, dataset, record);
    }
  }

  void BeforeUpdate(const StepView& view) override {
    if (!cursor_.Due(view.step)) return;
    const std::size_t row = cursor_.Take();
    row_due_ = true;
    row_ = row;
    loss_.values[row] = static_cast<float>(view.loss);
    if (!accuracy_.values.empty()) accuracy_.values[row] = static_cast<float>(view.accuracy);
    std::copy_n(view.grad_norm.data(), linears_, grad_norm_.values.data() + row * linears_);
    std::copy_n(view.weight_norm.data(), linears_, weight_norm_.values.data() + row * linears_);
    if (evaluator_ && test_rows_[row]) {
      const Evaluation evaluation = evaluator_->Evaluate(view.parameters);
      test_loss_.values[row] = static_cast<float>(evaluation.loss);
      if (!test_accuracy_.values.empty()) {
        test_accuracy_.values[row] = static_cast<float>(evaluation.accuracy);
      }
    }
  }

  void AfterUpdate(std::int64_t, std::span<const float> update_norm) override {
    if (!std::exchange(row_due_, false)) return;
    std::copy_n(update_norm.data(), linears_, update_norm_.values.data() + row_ * linears_);
  }

  void Report(RunRecord& record) override {
    record.axes.push_back({"", "step", "updates done before the values", cursor_.steps()});
    for (RecordedArray* array : {&loss_, &accuracy_, &test_loss_, &test_accuracy_, &grad_norm_,
                                 &weight_norm_, &update_norm_}) {
      if (!array->values.empty()) record.arrays.push_back(std::move(*array));
    }
  }

 private:
  RecordedArray Norms(const std::string& name, const std::string& description, std::size_t rows) {
    return MakeArray("", name, description, "1", {"step", "linear"}, {rows, linears_});
  }

  // The test split is evaluated at the first recorded step at or after each step of its schedule.
  void PrepareTest(const RunConfig& config, const data::Dataset& dataset,
                   const RecordOptions& record) {
    const BatchSource source(config, dataset);
    const double forward_share = 1.0 / 3.0, cost_share = 0.25;
    const double stride = forward_share / cost_share * static_cast<double>(dataset.test.points) /
                          static_cast<double>(source.max_points());
    const auto& steps = cursor_.steps();
    test_rows_.assign(steps.size(), false);
    for (const std::int64_t step : RecordedSteps(record.test, config.steps - 1, stride)) {
      const auto at = std::lower_bound(steps.begin(), steps.end(), step);
      if (at != steps.end()) test_rows_[static_cast<std::size_t>(at - steps.begin())] = true;
    }
    test_loss_ = MakeArray("", "test_loss", "mean loss on the test split; NaN between evaluations",
                           LossUnits(config), {"step"}, {steps.size()});
    if (!dataset.regression) {
      test_accuracy_ =
          MakeArray("", "test_accuracy",
                    "share of the test split that is classified right; NaN between evaluations",
                    "1", {"step"}, {steps.size()});
    }
    evaluator_ = std::make_unique<Evaluator>(config, dataset, dataset.test);
  }

  StepCursor cursor_;
  std::size_t linears_;
  bool row_due_ = false;
  std::size_t row_ = 0;
  RecordedArray loss_, accuracy_, test_loss_, test_accuracy_;
  RecordedArray grad_norm_, weight_norm_, update_norm_;
  std::vector<bool> test_rows_;
  std::unique_ptr<Evaluator> evaluator_;
};

// All parameter tensors, or their gradients.
class TensorRecorder : public Probe {
 public:
  TensorRecorder(bool gradients, const model::ParameterLayout& layout,
                 std::vector<std::int64_t> steps)
      : gradients_(gradients), layout_(layout), cursor_(std::move(steps)) {
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
    record.axes.push_back(
        {gradients_ ? "gradients" : "weights", "step", description, cursor_.steps()});
    for (RecordedArray& array : arrays_) record.arrays.push_back(std::move(array));
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
  StepCursor cursor_;
  std::vector<RecordedArray> arrays_;
};

// Outputs of every linear and every norm for the first points of the training split.
class ActivationRecorder : public Probe {
 public:
  ActivationRecorder(const RunConfig& config, const data::Dataset& dataset, std::size_t points,
                     std::vector<std::int64_t> steps)
      : points_(points),
        cursor_(std::move(steps)),
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
    // A point's activations do not depend on the rest of its batch: a full batch has them already.
    if (!view.full_batch) network_.Forward(view.parameters, batch_.x.data(), points_);
    const model::Network& network = view.full_batch ? *view.network : network_;
    for (std::size_t k = 0; k < arrays_.size(); ++k) {
      Unpack(k % 2 == 0 ? network.linear_output(k / 2) : network.norm_output(k / 2), row,
             arrays_[k]);
    }
  }

  void Report(RunRecord& record) override {
    std::vector<std::int64_t> indices(points_);
    for (std::size_t p = 0; p < points_; ++p) indices[p] = static_cast<std::int64_t>(p);
    record.axes.push_back({"activations", "step", "updates done before the forward pass",
                           cursor_.steps()});
    record.axes.push_back({"activations", "point", "index into the training data", indices});
    for (RecordedArray& array : arrays_) record.arrays.push_back(std::move(array));
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
  StepCursor cursor_;
  model::Network network_;
  Batch batch_;
  std::vector<RecordedArray> arrays_;
};

struct Schedules {
  std::vector<std::int64_t> scalars, weights, gradients, activations;
  std::size_t activation_points = 0;
};

Schedules SchedulesOf(const RunConfig& config, const data::Dataset& dataset,
                      const RecordOptions& record) {
  const model::ParameterLayout layout(ArchitectureOf(config, dataset));
  const double bytes_per_step = static_cast<double>(layout.count() * sizeof(float));
  const double auto_stride =
      bytes_per_step * static_cast<double>(config.steps + 1) / kAutoWeightBytes;
  Schedules schedules;
  schedules.scalars = RecordedSteps(record.scalars, config.steps - 1, 1);
  schedules.weights = RecordedSteps(record.weights, config.steps, auto_stride);
  schedules.gradients = RecordedSteps(record.gradients, config.steps - 1, auto_stride);
  schedules.activations = RecordedSteps(record.activations, config.steps - 1, 100);
  schedules.activation_points =
      record.activation_points == 0
          ? dataset.train.points
          : std::min(static_cast<std::size_t>(record.activation_points), dataset.train.points);
  return schedules;
}

}  // namespace

std::vector<std::unique_ptr<Probe>> MakeRecorders(const RunConfig& config,
                                                  const data::Dataset& dataset,
                                                  const RecordOptions& record) {
  Schedules schedules = SchedulesOf(config, dataset, record);
  const model::ParameterLayout layout(ArchitectureOf(config, dataset));
  std::vector<std::unique_ptr<Probe>> probes;
  if (!schedules.scalars.empty()) {
    probes.push_back(std::make_unique<ScalarRecorder>(config, dataset, record));
  }
  if (!schedules.weights.empty()) {
    probes.push_back(
        std::make_unique<TensorRecorder>(false, layout, std::move(schedules.weights)));
  }
  if (!schedules.gradients.empty()) {
    probes.push_back(
        std::make_unique<TensorRecorder>(true, layout, std::move(schedules.gradients)));
  }
  if (!schedules.activations.empty()) {
    probes.push_back(std::make_unique<ActivationRecorder>(
        config, dataset, schedules.activation_points, std::move(schedules.activations)));
  }
  return probes;
}

std::uint64_t RecorderBytes(const RunConfig& config, const data::Dataset& dataset,
                            const RecordOptions& record) {
  const Schedules schedules = SchedulesOf(config, dataset, record);
  const model::Architecture architecture = ArchitectureOf(config, dataset);
  const std::size_t parameters = model::ParameterLayout(architecture).count();
  const std::size_t curves = (dataset.regression ? 1u : 2u) * (dataset.test.points > 0 ? 2u : 1u);
  std::size_t units = 0;
  for (std::size_t l = 0; l < architecture.linears(); ++l) {
    units += architecture.fan_out(l) * (l + 1 == architecture.linears() ? 1 : 2);
  }
  const std::uint64_t floats =
      schedules.scalars.size() * (curves + 3 * architecture.linears()) +
      (schedules.weights.size() + schedules.gradients.size()) * parameters +
      schedules.activations.size() * schedules.activation_points * units;
  return floats * sizeof(float);
}

}  // namespace crease::train
