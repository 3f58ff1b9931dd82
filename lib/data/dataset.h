// In: data::Options. Out: a Dataset, the points a run trains on and is tested on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/core/aligned.h"
#include "lib/data/options.h"

namespace crease::data {

struct Split {
  std::size_t points = 0;
  AlignedVector<float> x;            // (points, inputs)
  std::vector<std::int32_t> labels;  // (points); classification only
  AlignedVector<float> targets;      // (points, outputs); regression only
};

// A task that draws fresh points every step: x ~ N(0, sigma^2 I), target = x.
struct FreshDraws {
  double sigma = 0.0;
  std::size_t points_per_step = 128;  // the batch where the sweep file says "full"
};

struct Dataset {
  std::string task;
  bool regression = false;
  std::size_t inputs = 0;
  std::size_t outputs = 0;     // classes, or dimensions of the target
  std::size_t supervised = 0;  // regression: the loss sees the first so many outputs
  Split train;
  Split test;  // test.points == 0 where the task has none
  // If set, `train` holds a fixed sample used for probes and final figures only, and the points
  // of step t come from FillFreshPoints.
  std::optional<FreshDraws> fresh;
};

// The points of step `step`, in (points, inputs): a function of (seed, step) alone.
void FillFreshPoints(const FreshDraws& draws, std::size_t inputs, std::uint64_t seed,
                     std::uint64_t step, std::size_t points, float* x);

// All task names, in the order in which they are documented: generated, published, the user's.
const std::vector<std::string>& TaskNames();

// The task's own defaults put in for 0: what the canonical configuration records. Reads no file.
// Throws Error(kInput) at "data.task" with the nearest names if there is no such task.
Options WithTaskDefaults(const Options& options);

// Loads or generates; fills in task defaults first. Thread-safe. Throws Error(kInput) naming the
// option that is out of range, or the file (with the line, for text; with the data set, for HDF5)
// that is missing (the remedy of published data is the command that installs them) or malformed;
// Error(kDamaged) if published data fail their digest; Error(kSystem) if a file cannot be read.
Dataset Load(const Options& options);

// Hash of the bytes of the user's files; "" for tasks that a seed or a published digest pins.
// Part of a run's identity, so that changed files give new runs. Throws as Load does.
std::string ContentDigest(const Options& options);

}  // namespace crease::data
