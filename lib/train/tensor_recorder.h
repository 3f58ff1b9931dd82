// Records all parameter tensors, or their gradients.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "lib/model/parameters.h"
#include "lib/train/probe.h"

namespace crease::train {

// At `steps`, increasing. For weights the last step may be the number of updates: the final ones.
std::unique_ptr<Probe> MakeTensorRecorder(bool gradients, const model::ParameterLayout& layout,
                                          std::vector<std::int64_t> steps);

}  // namespace crease::train
