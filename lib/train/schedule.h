// Which steps a StepSchedule records.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/train/run_config.h"

namespace crease::train {

// Increasing steps in [0, last_step]; last_step itself is always among them unless the schedule
// is off, kAt or ends before. kAuto takes the smallest stride of 1, 2, 5, 10, ... that is >=
// auto_stride_at_least.
std::vector<std::int64_t> RecordedSteps(const StepSchedule& schedule, std::int64_t last_step,
                                        double auto_stride_at_least);

// Canonical JSON of all record options, for the store and for comparison.
std::string ToJson(const RecordOptions& record);
RecordOptions RecordFromJson(std::string_view json);  // throws Error(kDamaged)

// Names what `recorded` lacks of `asked`: "weights every 10 steps, asked every 1"; "" if nothing.
std::string MissingRecordings(const RecordOptions& recorded, const RecordOptions& asked);

}  // namespace crease::train
