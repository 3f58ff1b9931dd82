// Records loss, accuracy and norms, and the loss and accuracy of the test split.
#pragma once

#include <memory>

#include "lib/data/dataset.h"
#include "lib/train/probe.h"
#include "lib/train/run_config.h"

namespace crease::train {

std::unique_ptr<Probe> MakeScalarRecorder(const RunConfig& config, const data::Dataset& dataset,
                                          const RecordOptions& record);

}  // namespace crease::train
