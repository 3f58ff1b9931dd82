// In place of lib/data/user_hdf5.cpp where CREASE_SIGNATURE_ONLY builds without HDF5.
#include "lib/core/error.h"
#include "lib/data/user_data.h"

namespace crease::data {

Dataset LoadHdf5(const Options& options) {
  throw InputError("data.path", "\"" + options.path + "\": this build cannot read HDF5 files");
}

}  // namespace crease::data
