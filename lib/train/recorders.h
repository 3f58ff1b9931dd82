// The probes behind the [record] section of a sweep file.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "lib/data/dataset.h"
#include "lib/train/probe.h"
#include "lib/train/run_config.h"

namespace crease::train {

// Probes for all that `record` asks for. Buffers are allocated here, filled with NaN.
std::vector<std::unique_ptr<Probe>> MakeRecorders(const RunConfig& config,
                                                  const data::Dataset& dataset,
                                                  const RecordOptions& record);

// Bytes of the arrays that these probes report.
std::uint64_t RecorderBytes(const RunConfig& config, const data::Dataset& dataset,
                            const RecordOptions& record);

}  // namespace crease::train
