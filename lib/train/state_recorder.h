// Records the whole state of a training at some steps, from which a replay sets out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "lib/model/parameters.h"
#include "lib/optim/options.h"
#include "lib/train/probe.h"

namespace crease::train {

// Arrays of group "checkpoints", each (step, parameter), in the layout of the parameter buffer with
// its padding: parameters, and those of first_moment and second_moment that the optimizer has.
std::unique_ptr<Probe> MakeStateRecorder(const optim::Options& options,
                                         const model::ParameterLayout& layout,
                                         std::vector<std::int64_t> steps);

// Floats of a state: the parameters and what moments the optimizer has.
std::size_t StateSize(const optim::Options& options, const model::ParameterLayout& layout);

}  // namespace crease::train
