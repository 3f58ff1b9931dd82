#include "lib/train/scalar_recorder.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "lib/train/evaluate.h"
#include "lib/train/recorded_array.h"
#include "lib/train/schedule.h"

namespace crease::train {
namespace {

std::string LossUnits(const RunConfig& config) {
  return config.loss == Loss::kCrossEntropy ? "nats" : "1";
}

// Loss, accuracy and norms; loss and accuracy of the test split.
class ScalarRecorder : public Probe {
 public:
  ScalarRecorder(const RunConfig& config, const data::Dataset& dataset, const RecordOptions& record)
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
    for (RecordedArray* array : Arrays()) {
      if (!array->values.empty()) record.arrays.push_back(std::move(*array));
    }
  }

  void Save(StateWriter& state) override {
    const auto arrays = Arrays();
    saved_.Save(state, {arrays.begin(), arrays.end()}, cursor_.taken());
  }
  void Restore(StateReader& state) override { cursor_.SkipTo(saved_.Restore(state, Arrays())); }

 private:
  std::vector<RecordedArray*> Arrays() {
    return {&loss_,      &accuracy_,    &test_loss_,  &test_accuracy_,
            &grad_norm_, &weight_norm_, &update_norm_};
  }

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
  SavedRows saved_;
  std::vector<bool> test_rows_;
  std::unique_ptr<Evaluator> evaluator_;
};

}  // namespace

std::unique_ptr<Probe> MakeScalarRecorder(const RunConfig& config, const data::Dataset& dataset,
                                          const RecordOptions& record) {
  return std::make_unique<ScalarRecorder>(config, dataset, record);
}

}  // namespace crease::train
