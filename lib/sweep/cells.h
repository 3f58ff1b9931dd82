// The cells of a sweep: every combination of its axes' positions.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "lib/sweep/spec.h"
#include "lib/train/run_config.h"

namespace crease::sweep {

// How many combinations the axes have, before exclusions; above `most`: most + 1.
std::int64_t CellCount(const std::vector<Axis>& axes, std::int64_t most);

// Calls `visit` for every combination that no exclusion leaves out, the last axis fastest.
// Returns how many combinations each exclusion matches.
std::vector<std::int64_t> ForEachCell(const Spec& spec,
                                      const std::function<void(const train::RunConfig&)>& visit);

}  // namespace crease::sweep
