// In: a shard whose values are sound. Out: where it is not as FORMAT.md says.
#pragma once

#include <vector>

#include "lib/store/reader.h"
#include "lib/store/verify.h"

namespace crease::store {

// `whole`: the file's digest is right, so that HDF5 may be asked for what it does not check itself.
// Throws Error(kDamaged) where it cannot even be read.
std::vector<Finding> CheckStructure(const ShardReader& reader, bool whole);

}  // namespace crease::store
