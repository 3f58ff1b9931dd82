// In: the items of [record]. Out: RecordOptions.
#pragma once

#include <string>
#include <vector>

#include "lib/sweep/draft.h"
#include "lib/train/run_config.h"

namespace crease::sweep {

// Throws Error(kInput) with the place of the item at fault.
train::RecordOptions ParseRecord(const std::vector<Item>& items);

}  // namespace crease::sweep
