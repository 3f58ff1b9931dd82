// An HDF5 file that is written to a descriptor of ours.
//
// HDF5's own driver cannot be closed after a failed write: the library keeps the file, tries again
// at exit, and may not end. Here a failure is noted, later writes go to memory, HDF5 closes in
// peace, and whoever owns the file throws it away.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "lib/store/hdf5_handle.h"

namespace crease::store {

struct Hdf5Output {
  int descriptor = -1;      // not owned; an empty file open for reading and writing
  int error_number = 0;     // errno of the first failed write; 0: all is well
  std::uint64_t bytes = 0;  // the file's length so far
  // What could not be written but may be read again before the file is closed.
  std::vector<std::pair<std::uint64_t, std::vector<unsigned char>>> unwritten = {};
};

// Groups keep their links and attributes in their own headers, in the order in which they were
// made. HDF5's heaps for many of them take more space, and HDF5 1.10 crashes on damaged ones.
void KeepInHeader(const PropertiesHandle& group_creation);

// Creates an HDF5 file in `output`, which must outlive it. No handle in case of an error; the
// error stack says which.
FileHandle CreateHdf5(Hdf5Output& output);

}  // namespace crease::store
