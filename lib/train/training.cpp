#include "lib/train/training.h"

#include <cmath>
#include <limits>
#include <utility>

#include "lib/core/error.h"
#include "lib/detect/offline.h"
#include "lib/model/initialise.h"
#include "lib/optim/learning_rate.h"
#include "lib/train/config_keys.h"
#include "lib/train/evaluate.h"

namespace crease::train {

void CheckFit(const RunConfig& config, const data::Dataset& dataset) {
  const Inconsistency wrong = CheckConsistency(config);
  if (!wrong.what.empty()) throw InputError(wrong.key, wrong.what);
  if (dataset.regression && config.loss == Loss::kCrossEntropy) {
    throw InputError("train.loss",
                     "cross_entropy needs classes; " + dataset.task + " is a regression",
                     "set train.loss = \"mse\"");
  }
  if (dataset.train.points == 0) throw InputError("data.task", dataset.task + " has no points");
}

Training::Training(const RunConfig& config, const data::Dataset& dataset,
                   std::vector<std::unique_ptr<Probe>> probes)
    : config_(config),
      dataset_(dataset),
      batches_(config, dataset),
      network_(ArchitectureOf(config, dataset), batches_.max_points()),
      norms_(network_.layout()),
      updater_(config.optim, network_.layout().size(), config.steps),
      probes_(std::move(probes)),
      history_(config.steps, dataset.regression, batches_.batches_per_epoch()),
      parameters_(network_.layout().size()),
      gradients_(parameters_.size()),
      before_(parameters_.size()),
      grad_norm_(norms_.linears()),
      weight_norm_(norms_.linears()),
      update_norm_(norms_.linears()) {
  model::InitialiseParameters(network_.architecture(), network_.layout(), config.seed, parameters_);
}

bool Training::Step(std::int64_t step) {
  const Batch& batch = batches_.Of(step);
  const Evaluation evaluation =
      EvaluationOf(network_.ForwardBackward(parameters_, batch.x.data(),
                                            ObjectiveOf(config_.loss, dataset_, batch), gradients_),
                   dataset_, batch.points);
  if (!std::isfinite(static_cast<float>(evaluation.loss))) return false;
  norms_.Of(gradients_, grad_norm_);
  norms_.Of(parameters_, weight_norm_);
  const StepView view = {step,
                         evaluation.loss,
                         evaluation.accuracy,
                         parameters_,
                         gradients_,
                         grad_norm_,
                         weight_norm_,
                         updater_.first_moment(),
                         updater_.second_moment()};
  for (const auto& probe : probes_) probe->BeforeUpdate(view);

  before_ = parameters_;
  updater_.Step(step, gradients_, parameters_);
  norms_.OfDifference(parameters_, before_, update_norm_);
  for (const auto& probe : probes_) probe->AfterUpdate(step, update_norm_);
  history_.Add(evaluation, grad_norm_, weight_norm_, update_norm_);
  return true;
}

RunRecord Training::Finish(std::int64_t steps_done, bool diverged) {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  RunRecord record;
  record.run_id = RunId(config_);
  record.config = config_;
  record.steps_done = steps_done;
  for (const model::Tensor& tensor : network_.layout().tensors()) {
    history_.digest().Add(
        std::span<const float>(parameters_).subspan(tensor.offset, tensor.size()));
  }
  record.digest = history_.digest().Hex();
  record.final_loss = record.final_accuracy = kNaN;
  record.final_test_loss = record.final_test_accuracy = kNaN;
  // The last update may have been the one too many.
  diverged = diverged || !EvaluateFinal(record);
  record.outcome = diverged ? Outcome::kDiverged : Outcome::kCompleted;
  record.best_accuracy = history_.best().best();
  if (!diverged) TellProbesOfTheEnd();
  Report(record);
  DetectTransitions(record);
  return record;
}

void Training::TellProbesOfTheEnd() {
  for (const auto& probe : probes_) probe->AtEnd(parameters_);
}

void Training::Report(RunRecord& record) {
  for (const auto& probe : probes_) probe->Report(record);
}

bool Training::EvaluateFinal(RunRecord& record) {
  const Evaluation train = EvaluateTrainingSplit();
  if (!std::isfinite(static_cast<float>(train.loss))) return false;
  record.final_loss = train.loss;
  record.final_accuracy = train.accuracy;
  if (dataset_.test.points > 0) {
    const Evaluation test = Evaluator(config_, dataset_, dataset_.test).Evaluate(parameters_);
    record.final_test_loss = test.loss;
    record.final_test_accuracy = test.accuracy;
  }
  if (!dataset_.regression) history_.best().Offer(train.accuracy);
  return true;
}

// With the bits of the Evaluator, which packs the split anew.
Evaluation Training::EvaluateTrainingSplit() {
  if (!batches_.full() || batches_.max_points() > Evaluator::kChunkPoints) {
    return Evaluator(config_, dataset_, dataset_.train).Evaluate(parameters_);
  }
  const Batch& batch = batches_.Whole();
  const float* outputs = network_.Forward(parameters_, batch.x.data(), batch.points);
  return EvaluationOf(ObjectiveOf(config_.loss, dataset_, batch).Loss(outputs, nullptr), dataset_,
                      batch.points);
}

void Training::DetectTransitions(RunRecord& record) const {
  const std::vector<float>& losses = history_.losses();
  std::vector<double> steps(losses.size());
  for (std::size_t i = 0; i < steps.size(); ++i) steps[i] = static_cast<double>(i);
  detect::OfflineOptions options;
  options.schedule_changes = optim::ScheduleChanges(config_.optim, config_.steps);
  detect::Detection detection = detect::FindTransitions(steps, losses, options);
  record.transitions = std::move(detection.transitions);
  record.no_verdict = std::move(detection.no_verdict);
}

CheckpointEntry Training::Save(std::int64_t step) {
  StateWriter recorded, state;
  history_.SaveLosses(recorded);
  for (const auto& probe : probes_) probe->Save(recorded);
  state.PutAll(std::span<const float>(parameters_));
  state.PutAll(updater_.first_moment());
  state.PutAll(updater_.second_moment());
  history_.Save(state);
  return {step, 0, recorded.Take(), state.Take()};
}

bool Training::Restore(std::span<const CheckpointEntry> entries) {
  for (const CheckpointEntry& entry : entries) {
    StateReader recorded(entry.recorded);
    history_.RestoreLosses(recorded);
    for (const auto& probe : probes_) probe->Restore(recorded);
    if (!recorded.AtEnd()) return false;
  }
  const CheckpointEntry& last = entries.back();
  if (static_cast<std::int64_t>(history_.losses().size()) != last.step ||
      last.step > config_.steps) {
    return false;
  }
  AlignedVector<float> first(updater_.first_moment().size());
  AlignedVector<float> second(updater_.second_moment().size());
  StateReader state(last.state);
  state.GetAll(std::span<float>(parameters_));
  state.GetAll(std::span<float>(first));
  state.GetAll(std::span<float>(second));
  history_.Restore(state);
  if (!state.AtEnd()) return false;
  updater_.Resume(last.step, first, second);
  return true;
}

void Training::Start(const Snapshot& snapshot) {
  parameters_ = snapshot.parameters;
  updater_.Resume(snapshot.step, snapshot.first_moment, snapshot.second_moment);
}

}  // namespace crease::train
