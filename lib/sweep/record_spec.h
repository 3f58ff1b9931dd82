// In: the items of [record]. Out: RecordOptions.
#pragma once

#include <string>
#include <vector>

#include "lib/sweep/draft.h"
#include "lib/train/run_config.h"

namespace crease::sweep {

// Throws Error(kInput) with the place of the item at fault.
train::RecordOptions ParseRecord(const std::vector<Item>& items);

// `record` with assignments like "activations={every=1}" put in, as --set takes them. Throws
// Error(kInput), the place beginning with "--set record.".
train::RecordOptions OverrideRecord(train::RecordOptions record,
                                    const std::vector<std::string>& assignments);

}  // namespace crease::sweep
