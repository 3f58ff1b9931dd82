// Where a training leaves its state now and then, and finds it again after an interruption.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "lib/core/aligned.h"

namespace crease::train {

// Raised with every change to what CheckpointEntry holds: older logs are then passed over.
inline constexpr int kCheckpointVersion = 1;

// The state before update `step` + 1, in two parts: what was recorded since the entry before, and
// all that goes on.
struct CheckpointEntry {
  std::int64_t step = 0;
  double wall_seconds = 0;  // spent so far
  std::vector<std::byte> recorded = {}, state = {};
};

// The entries of one run recorded in one way. Used by one thread at a time.
class CheckpointLog {
 public:
  virtual ~CheckpointLog() = default;
  // The entries that were appended, in order; empty if there are none.
  virtual std::vector<CheckpointEntry> Read() = 0;
  // Durable on return. Throws Error(kSystem); the entries before are kept then.
  virtual void Append(const CheckpointEntry& entry) = 0;
  // Forgets all entries.
  virtual void Clear() = 0;
};

// The state from which a training goes on, but for what was recorded before. Buffers as
// model::ParameterLayout; moments as optim::Updater.
struct Snapshot {
  std::int64_t step = 0;  // updates done
  AlignedVector<float> parameters, first_moment, second_moment;
};

}  // namespace crease::train
