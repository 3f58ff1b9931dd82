// The probes behind the [record] section of a sweep file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "lib/data/dataset.h"
#include "lib/model/parameters.h"
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

// Whether the weights before every update are among them.
bool RecordsEveryWeight(const RunConfig& config, const data::Dataset& dataset,
                        const RecordOptions& record);

// Values that a network's linears and norms give for a point.
std::size_t ActivationUnits(const model::Architecture& architecture);

}  // namespace crease::train
