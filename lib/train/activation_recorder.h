// Records the outputs of every linear layer and every norm.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "lib/data/dataset.h"
#include "lib/train/probe.h"
#include "lib/train/run_config.h"

namespace crease::train {

// Of the first `points` points of the training split, at `steps`.
std::unique_ptr<Probe> MakeActivationRecorder(const RunConfig& config, const data::Dataset& dataset,
                                              std::size_t points, std::vector<std::int64_t> steps);

}  // namespace crease::train
