#include "lib/train/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "lib/core/error.h"
#include "lib/detect/offline.h"
#include "lib/model/initialise.h"
#include "lib/model/network.h"
#include "lib/optim/learning_rate.h"
#include "lib/optim/updater.h"
#include "lib/train/batch.h"
#include "lib/train/config_keys.h"
#include "lib/train/evaluate.h"
#include "lib/train/linear_norms.h"
#include "lib/train/recorders.h"
#include "lib/train/result_digest.h"

namespace crease::train {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// The best accuracy over windows of one epoch: a single mini-batch may be right by luck.
class BestAccuracy {
 public:
  explicit BestAccuracy(std::size_t window) : window_(window) {}
  void Add(double accuracy) {
    sum_ += accuracy;
    if (++count_ < window_) return;
    Offer(sum_ / static_cast<double>(count_));
    sum_ = 0.0;
    count_ = 0;
  }
  void Offer(double accuracy) {
    if (!(best_ >= accuracy)) best_ = accuracy;
  }
  double best() const { return best_; }

 private:
  std::size_t window_, count_ = 0;
  double sum_ = 0.0, best_ = kNaN;
};

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

// One training, from initialisation to record.
class Training {
 public:
  Training(const RunConfig& config, const data::Dataset& dataset, const RecordOptions& record)
      : config_(config),
        dataset_(dataset),
        batches_(config, dataset),
        network_(ArchitectureOf(config, dataset), batches_.max_points()),
        norms_(network_.layout()),
        updater_(config.optim, network_.layout().size(), config.steps),
        probes_(MakeRecorders(config, dataset, record)),
        best_(batches_.batches_per_epoch()),
        parameters_(network_.layout().size()),
        gradients_(parameters_.size()),
        before_(parameters_.size()),
        grad_norm_(norms_.linears()),
        weight_norm_(norms_.linears()),
        update_norm_(norms_.linears()) {
    losses_.reserve(static_cast<std::size_t>(config.steps));
    model::InitialiseParameters(network_.architecture(), network_.layout(), config.seed,
                                parameters_);
  }

  // False if the loss is not finite: the run ends here.
  bool Step(std::int64_t step) {
    const Batch& batch = batches_.Next(step);
    const Evaluation evaluation = EvaluationOf(
        network_.ForwardBackward(parameters_, batch.x.data(),
                                 ObjectiveOf(config_.loss, dataset_, batch), gradients_),
        dataset_, batch.points);
    if (!std::isfinite(static_cast<float>(evaluation.loss))) return false;
    norms_.Of(gradients_, grad_norm_);
    norms_.Of(parameters_, weight_norm_);
    const StepView view = {step,       evaluation.loss, evaluation.accuracy, parameters_,
                           gradients_, grad_norm_,      weight_norm_};
    for (const auto& probe : probes_) probe->BeforeUpdate(view);

    before_ = parameters_;
    updater_.Step(step, gradients_, parameters_);
    norms_.OfDifference(parameters_, before_, update_norm_);
    for (const auto& probe : probes_) probe->AfterUpdate(step, update_norm_);
    Note(evaluation);
    return true;
  }

  RunRecord Finish(std::int64_t steps_done, bool diverged) {
    RunRecord record;
    record.run_id = RunId(config_);
    record.config = config_;
    record.steps_done = steps_done;
    for (const model::Tensor& tensor : network_.layout().tensors()) {
      digest_.Add(std::span<const float>(parameters_).subspan(tensor.offset, tensor.size()));
    }
    record.digest = digest_.Hex();
    record.final_loss = record.final_accuracy = kNaN;
    record.final_test_loss = record.final_test_accuracy = kNaN;
    // The last update may have been the one too many.
    diverged = diverged || !EvaluateFinal(record);
    record.outcome = diverged ? Outcome::kDiverged : Outcome::kCompleted;
    record.best_accuracy = best_.best();
    for (const auto& probe : probes_) {
      if (!diverged) probe->AtEnd(parameters_);
      probe->Report(record);
    }
    DetectTransitions(record);
    return record;
  }

 private:
  void Note(const Evaluation& evaluation) {
    losses_.push_back(static_cast<float>(evaluation.loss));
    digest_.Add(losses_.back());
    if (!dataset_.regression) {
      digest_.Add(static_cast<float>(evaluation.accuracy));
      best_.Add(evaluation.accuracy);
    }
    digest_.Add(grad_norm_);
    digest_.Add(weight_norm_);
    digest_.Add(update_norm_);
  }

  // False if the loss of the final network is not finite.
  bool EvaluateFinal(RunRecord& record) {
    const Evaluation train = EvaluateTrainingSplit();
    if (!std::isfinite(static_cast<float>(train.loss))) return false;
    record.final_loss = train.loss;
    record.final_accuracy = train.accuracy;
    if (dataset_.test.points > 0) {
      const Evaluation test = Evaluator(config_, dataset_, dataset_.test).Evaluate(parameters_);
      record.final_test_loss = test.loss;
      record.final_test_accuracy = test.accuracy;
    }
    if (!dataset_.regression) best_.Offer(train.accuracy);
    return true;
  }

  // With the bits of the Evaluator, which packs the split anew.
  Evaluation EvaluateTrainingSplit() {
    if (!batches_.full() || batches_.max_points() > Evaluator::kChunkPoints) {
      return Evaluator(config_, dataset_, dataset_.train).Evaluate(parameters_);
    }
    const Batch& batch = batches_.Whole();
    const float* outputs = network_.Forward(parameters_, batch.x.data(), batch.points);
    return EvaluationOf(ObjectiveOf(config_.loss, dataset_, batch).Loss(outputs, nullptr), dataset_,
                        batch.points);
  }

  void DetectTransitions(RunRecord& record) const {
    std::vector<double> steps(losses_.size());
    for (std::size_t i = 0; i < steps.size(); ++i) steps[i] = static_cast<double>(i);
    detect::OfflineOptions options;
    options.schedule_changes = optim::ScheduleChanges(config_.optim, config_.steps);
    detect::Detection detection = detect::FindTransitions(steps, losses_, options);
    record.transitions = std::move(detection.transitions);
    record.no_verdict = std::move(detection.no_verdict);
  }

  const RunConfig& config_;
  const data::Dataset& dataset_;
  BatchSource batches_;
  model::Network network_;
  LinearNorms norms_;
  optim::Updater updater_;
  std::vector<std::unique_ptr<Probe>> probes_;
  BestAccuracy best_;
  AlignedVector<float> parameters_, gradients_, before_;
  std::vector<float> grad_norm_, weight_norm_, update_norm_;
  std::vector<float> losses_;
  ResultDigest digest_;
};

// Tells of progress now and then, without asking the clock at every step.
class ProgressReporter {
 public:
  explicit ProgressReporter(const TrainControls& controls) : controls_(controls) {}
  void Done(std::int64_t steps) {
    if (!controls_.on_progress) return;
    pending_ += steps;
    if (pending_ % kStepsBetweenLooks != 0) return;
    const auto now = Clock::now();
    if (now - last_ < std::chrono::milliseconds(20)) return;
    last_ = now;
    Flush();
  }
  void Flush() {
    if (controls_.on_progress && pending_ > 0) controls_.on_progress(std::exchange(pending_, 0));
  }

 private:
  static constexpr std::int64_t kStepsBetweenLooks = 16;
  const TrainControls& controls_;
  std::int64_t pending_ = 0;
  Clock::time_point last_ = Clock::now();
};

}  // namespace

std::optional<RunRecord> Train(const RunConfig& config, const data::Dataset& dataset,
                               const RecordOptions& record, const TrainControls& controls) {
  CheckFit(config, dataset);
  const auto start = Clock::now();
  Training training(config, dataset, record);
  ProgressReporter progress(controls);
  bool diverged = false;
  std::int64_t step = 0;
  for (; step < config.steps; ++step) {
    if (controls.stop != nullptr && controls.stop->requested()) return std::nullopt;
    diverged = !training.Step(step);
    if (diverged) break;
    progress.Done(1);
  }
  progress.Flush();
  RunRecord result = training.Finish(step, diverged);
  result.wall_seconds = std::chrono::duration<double>(Clock::now() - start).count();
  return result;
}

std::uint64_t RecordedBytes(const RunConfig& config, const data::Dataset& dataset,
                            const RecordOptions& record) {
  return RecorderBytes(config, dataset, record);
}

}  // namespace crease::train
