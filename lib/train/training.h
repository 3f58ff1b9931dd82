// One training, step by step.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "lib/core/aligned.h"
#include "lib/data/dataset.h"
#include "lib/model/network.h"
#include "lib/optim/updater.h"
#include "lib/train/batch.h"
#include "lib/train/checkpoint.h"
#include "lib/train/history.h"
#include "lib/train/linear_norms.h"
#include "lib/train/probe.h"
#include "lib/train/run_config.h"
#include "lib/train/run_record.h"

namespace crease::train {

// For one thread. Keeps references to `config` and `dataset`, which must fit (CheckFit).
class Training {
 public:
  Training(const RunConfig& config, const data::Dataset& dataset,
           std::vector<std::unique_ptr<Probe>> probes);

  // Does step `step`, the one after the last. False if the loss is not finite: the run ends here.
  bool Step(std::int64_t step);

  // What the run left behind, and what its probes measured.
  RunRecord Finish(std::int64_t steps_done, bool diverged);
  // Fills in the figures of the network as it is now. False if its loss is not finite.
  bool EvaluateFinal(RunRecord& record);
  // What the probes measured, alone; after the last step of the run, they are told of it first.
  void Report(RunRecord& record);
  void TellProbesOfTheEnd();

  // The entry to append after step `step` - 1.
  CheckpointEntry Save(std::int64_t step);
  // Takes the state of all entries so far into a training that has done no step. False if they do
  // not fit; the training is of no use then.
  bool Restore(std::span<const CheckpointEntry> entries);
  // Goes on from a snapshot. Nothing is known then of the steps before: Finish is not to be called.
  void Start(const Snapshot& snapshot);

 private:
  Evaluation EvaluateTrainingSplit();
  void DetectTransitions(RunRecord& record) const;

  const RunConfig& config_;
  const data::Dataset& dataset_;
  BatchSource batches_;
  model::Network network_;
  LinearNorms norms_;
  optim::Updater updater_;
  std::vector<std::unique_ptr<Probe>> probes_;
  History history_;
  AlignedVector<float> parameters_, gradients_, before_;
  std::vector<float> grad_norm_, weight_norm_, update_norm_;
};

// Throws Error(kInput) if config and dataset do not fit.
void CheckFit(const RunConfig& config, const data::Dataset& dataset);

}  // namespace crease::train
