// One training of one network, fully specified.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "lib/data/options.h"
#include "lib/model/options.h"
#include "lib/optim/options.h"

namespace crease::train {

enum class Loss { kCrossEntropy, kMse };

// When something is recorded. Steps count from 0, the initial network.
struct StepSchedule {
  enum class Form { kOff, kAuto, kEvery, kPerDecade, kAt };
  Form form = Form::kOff;
  std::int64_t every = 1;             // kEvery: steps 0, every, 2 every, ...
  std::int64_t per_decade = 0;        // kPerDecade: step 0, then so many a decade, rounded
  std::vector<std::int64_t> at = {};  // kAt: exactly these steps, increasing
  // Of these, the steps from ... to, both included; kToEnd: up to the last.
  static constexpr std::int64_t kToEnd = std::numeric_limits<std::int64_t>::max();
  std::int64_t from = 0, to = kToEnd;

  static StepSchedule Off() { return {}; }
  static StepSchedule Auto() { return {.form = Form::kAuto}; }
  static StepSchedule Every(std::int64_t steps) { return {.form = Form::kEvery, .every = steps}; }
  StepSchedule Within(std::int64_t first, std::int64_t last) const {
    StepSchedule part = *this;
    part.from = std::max(from, first);
    part.to = std::min(to, last);
    return part;
  }
  bool operator==(const StepSchedule&) const = default;
};

// What to store of a run. Never part of its identity: recording changes no bit of the training.
struct RecordOptions {
  StepSchedule scalars = StepSchedule::Every(1);  // loss, accuracy, norms
  StepSchedule weights = StepSchedule::Auto();    // auto: as often as fit 8 MiB a run
  StepSchedule activations = StepSchedule::Every(100);
  std::int64_t activation_points = 64;  // first so many points; 0: all
  StepSchedule gradients = StepSchedule::Off();
  StepSchedule test = StepSchedule::Auto();  // auto: at most a quarter of the training
  bool bursts = true;  // weights and activations of every step around transitions
  std::int64_t burst_before_steps = 200;
  std::int64_t burst_after_steps = 200;
  std::int64_t burst_points = 16;  // 0: all
  // The state to resume from, and to replay from. 0: never.
  std::int64_t checkpoint_every_steps = 2000;
  bool operator==(const RecordOptions&) const = default;
};

// Everything that determines the bits of a run.
struct RunConfig {
  data::Options data;
  std::string data_digest;  // data::ContentDigest: set for the user's own files
  model::Options model;
  optim::Options optim;
  Loss loss = Loss::kCrossEntropy;
  std::int64_t steps = 20000;  // updates
  std::int64_t batch = 0;      // points a step; 0: full
  std::uint64_t seed = 0;      // initial weights and batch order
};

}  // namespace crease::train
