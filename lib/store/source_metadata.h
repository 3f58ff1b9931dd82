// What a data set of an HDF5 file says about itself.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "lib/store/hdf5_handle.h"

namespace crease::store {

struct SourceDimension {
  std::string path;  // of its scale, from the file's root: "/weights/step"
  std::size_t length = 0;
};

// Whether it is a dimension itself.
bool IsDimension(const DatasetHandle& dataset);

// Whether it has a list of scales, of the right length.
bool NamesItsDimensions(const DatasetHandle& dataset);

// The scales of its dimensions, the first of each. Empty if one has none. HDF5 reads them from a
// heap, whose contents it trusts: for files only that are known to be whole.
std::vector<SourceDimension> DimensionsOf(const DatasetHandle& dataset);

// A text attribute; "" if there is none.
std::string TextAttribute(const DatasetHandle& dataset, const char* name);

}  // namespace crease::store
