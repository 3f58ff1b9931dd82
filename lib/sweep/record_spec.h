// In: the items of [record]. Out: RecordOptions.
#pragma once

#include <string>
#include <vector>

#include "lib/sweep/draft.h"
#include "lib/train/run_config.h"

namespace crease::sweep {

// Throws Error(kInput) with the place of the item at fault. Adds to `warnings` what is asked for
// and not stored by this version.
train::RecordOptions ParseRecord(const std::vector<Item>& items,
                                 std::vector<std::string>& warnings);

}  // namespace crease::sweep
