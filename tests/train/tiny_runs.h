// Small runs, and ways into their records.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/data/dataset.h"
#include "lib/train/run_config.h"
#include "lib/train/run_record.h"

namespace crease::train {

// Two spirals of 90 points, unit norm, width 3, depth 2, Adam 0.02, 200 steps.
RunConfig TinyConfig();

// Nothing but what every run has.
RecordOptions NothingRecorded();

// Everything at every step.
RecordOptions EverythingRecorded();

// Trains on the data that `config` names; asserts that it was not stopped.
RunRecord TrainTiny(const RunConfig& config, const RecordOptions& record = NothingRecorded());

// nullptr if the record has none such.
const RecordedArray* FindArray(const RunRecord& record, const std::string& group,
                               const std::string& name);
const RecordedArray& ArrayOf(const RunRecord& record, const std::string& group,
                             const std::string& name);
const std::vector<std::int64_t>& AxisOf(const RunRecord& record, const std::string& group,
                                        const std::string& name = "step");

// The recorded parameters of one row of "weights" or "gradients", in the layout of the network.
std::vector<float> ParametersOf(const RunRecord& record, const data::Dataset& dataset,
                                const std::string& group, std::size_t row);

// Same shape and bits (any NaN equals any NaN).
bool SameArrays(const RunRecord& a, const RunRecord& b);

}  // namespace crease::train
