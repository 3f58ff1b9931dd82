// In: a RunConfig, its Dataset, a state on the way. Out: what is asked of the steps that follow,
// with the bits of the run.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lib/core/stop.h"
#include "lib/data/dataset.h"
#include "lib/train/checkpoint.h"
#include "lib/train/run_config.h"
#include "lib/train/run_record.h"

namespace crease::train {

struct ReplayPlan {
  Snapshot start;              // its step is 0: the initial network, whatever the buffers
  std::int64_t last_step = 0;  // the last one trained; config.steps - 1: the final network, too
  std::vector<RecordOptions> recordings;  // side by side; bursts and checkpoints are left out
};

struct Replayed {
  // One a recording: axes and arrays, nothing else.
  std::vector<RunRecord> records;
  std::int64_t steps_done = 0;  // the step after the last; less than planned if the loss diverged
  bool diverged = false;
  std::string digest;  // of the whole run; "" unless it was trained from step 0 to its end
};

// Empty if stopped. Throws Error(kInput) if config and dataset do not fit. `on_progress` is called
// every few milliseconds with the steps done since.
std::optional<Replayed> Replay(const RunConfig& config, const data::Dataset& dataset,
                               const ReplayPlan& plan, const StopToken* stop,
                               const std::function<void(std::int64_t)>& on_progress);

// Floats of parameters, and of the moments that the optimizer has: the lengths of a Snapshot.
struct SnapshotSizes {
  std::size_t parameters = 0, first_moment = 0, second_moment = 0;
};
SnapshotSizes SizesOf(const RunConfig& config, const data::Dataset& dataset);

}  // namespace crease::train
