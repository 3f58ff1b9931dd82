// Makes the arrays that probes fill.
#pragma once

#include <string>
#include <vector>

#include "lib/train/run_record.h"

namespace crease::train {

// Filled with NaN: rows that are never reached stay so.
RecordedArray MakeArray(std::string group, std::string name, std::string description,
                        std::string units, std::vector<std::string> dimensions,
                        std::vector<std::size_t> shape);

}  // namespace crease::train
