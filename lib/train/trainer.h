// In: a RunConfig and its Dataset. Out: a RunRecord.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "lib/core/stop.h"
#include "lib/data/dataset.h"
#include "lib/train/checkpoint.h"
#include "lib/train/run_config.h"
#include "lib/train/run_record.h"

namespace crease::train {

struct TrainControls {
  const StopToken* stop = nullptr;  // asked every step
  // Called from the training thread every few milliseconds with the steps done since; at first with
  // those of a resumed run that were done earlier.
  std::function<void(std::int64_t steps)> on_progress = nullptr;
  // The run goes on from there, and leaves its state there when it is stopped, at its end if that
  // is a second's work or more, and at steps that record.checkpoint_every_steps divides, if so much
  // time has passed since the last.
  CheckpointLog* checkpoints = nullptr;
  double checkpoint_interval_seconds = 10;
};

// Trains one network on the calling thread. The result's bits depend on `config`, `dataset` and
// kNumericsVersion alone, however often it was interrupted. Empty if stopped. Throws
// Error(kInput) if config and dataset do not fit, and what the checkpoints throw. A loss that is
// not finite ends the run as kDiverged; it is no error.
std::optional<RunRecord> Train(const RunConfig& config, const data::Dataset& dataset,
                               const RecordOptions& record, const TrainControls& controls = {});

// Bytes that the recorded arrays of one such run hold, before compression; without bursts.
std::uint64_t RecordedBytes(const RunConfig& config, const data::Dataset& dataset,
                            const RecordOptions& record);
// Bytes that the bursts of one transition add, at most.
std::uint64_t RecordedBurstBytes(const RunConfig& config, const data::Dataset& dataset,
                                 const RecordOptions& record);

}  // namespace crease::train
