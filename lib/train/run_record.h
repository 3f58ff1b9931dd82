// What one training leaves behind: everything that the store writes.
//
// Recorded arrays carry their own names, dimensions and units, so that the store knows none of
// them by name and a new observable needs no change there.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/detect/transition.h"
#include "lib/train/run_config.h"

namespace crease::train {

// The steps at which the arrays of one group were recorded.
struct RecordedAxis {
  std::string group;  // "" (root), "weights", "activations", "gradients", ...
  std::string name;   // "step", "test_step", "point"
  std::string description;
  std::vector<std::int64_t> values;
};

// One array of one run. Axes named in `dimensions` are RecordedAxis of the same group, or plain
// dimensions that have a length only ("linear0_out").
struct RecordedArray {
  std::string group;
  std::string name;  // "loss", "linear0_weight"
  std::string description;
  std::string units;                    // "nats", "1", "" if none
  std::vector<std::string> dimensions;  // after run
  std::vector<std::size_t> shape;       // as dimensions
  std::vector<float> values;            // row-major; NaN after a divergence
};

// Dense rows around the transitions of one run, by step.
struct BurstTable {
  std::vector<std::int64_t> step;
  std::vector<std::int64_t> transition;  // index into the run's transitions; never decreases
  // Of group "bursts"; the first dimension is "row", as long as `step`. None if there are no rows.
  std::vector<RecordedArray> arrays;
};

enum class Outcome { kCompleted, kDiverged };

struct RunRecord {
  std::string run_id;
  RunConfig config;
  Outcome outcome = Outcome::kCompleted;
  std::int64_t steps_done = 0;  // updates; of a diverged run, the step of the first bad loss
  double wall_seconds = 0;
  std::string digest;  // over losses, accuracies, norms and final weights
  // Of the final network, on the whole splits; NaN where there is none or the run diverged.
  double final_loss = 0, final_accuracy = 0, final_test_loss = 0, final_test_accuracy = 0;
  // Over all steps, whatever is recorded.
  double best_accuracy = 0;
  std::vector<RecordedAxis> axes;
  std::vector<RecordedArray> arrays;
  std::vector<detect::Transition> transitions;
  std::string no_verdict;  // why there are no transitions to speak of, or ""
  BurstTable bursts;
};

}  // namespace crease::train
