// Weights and activations of every step around a run's transitions.
//
// Transitions are dated when the run is over, and then the steps around them are gone. They are
// made again, bit for bit: from the recorded weights where every step's are, else by training from
// the nearest of the states that were kept on the way. So a burst lies around the onset that is
// reported, however late the fall could have been noticed while training.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "lib/data/dataset.h"
#include "lib/train/checkpoint.h"
#include "lib/train/probe.h"
#include "lib/train/run_config.h"
#include "lib/train/run_record.h"

namespace crease::train {

// The states at every so many steps, but for step 0.
class StateHistory : public Probe {
 public:
  // `size`: floats of a state's buffers together. Allocates for all steps of the run at once.
  StateHistory(std::int64_t stride, std::int64_t steps, std::size_t size);

  // The last at or before `step`, if there is any.
  std::optional<Snapshot> Nearest(std::int64_t step) const;

  void BeforeUpdate(const StepView& view) override;
  void Report(RunRecord&) override {}
  void Save(StateWriter& state) override;
  void Restore(StateReader& state) override;

 private:
  std::int64_t stride_;
  std::size_t size_;
  std::size_t parameters_ = 0, first_moment_ = 0;  // floats of these, once a state is there
  AlignedVector<float> states_;                    // at stride, 2 stride, ...
  std::size_t saved_ = 0;                          // floats
};

// At most 256 states and 16 MiB, none less than 100 steps after the one before. nullptr where
// bursts need none: they are off, or every step's weights are recorded, or two states do not fit.
std::unique_ptr<StateHistory> MakeStateHistory(const RunConfig& config,
                                               const data::Dataset& dataset,
                                               const RecordOptions& record);

// Points whose activations a burst has: as asked, and no more than make 64 MiB of one window.
std::size_t BurstPoints(const RunConfig& config, const data::Dataset& dataset,
                        const RecordOptions& record);

// The steps that belong to the bursts of a run: from `before` to `after` each transition's onset,
// midpoint and end; of the largest drops, if that is more than kMostBurstWindows; and fewer before
// and after, if that is more than `most_rows`.
inline constexpr std::size_t kMostBurstWindows = 12;
BurstTable BurstSteps(const RunRecord& run, const RecordOptions& record, std::size_t most_rows);

// Bytes that the bursts of one transition take, at most.
std::uint64_t BurstBytes(const RunConfig& config, const data::Dataset& dataset,
                         const RecordOptions& record);

// Fills run.bursts of a finished run, whose arrays and transitions are there, with at most 64 MiB
// (or one step). `states` may be nullptr.
void CaptureBursts(const data::Dataset& dataset, const RecordOptions& options,
                   const StateHistory* states, RunRecord& run);

}  // namespace crease::train
