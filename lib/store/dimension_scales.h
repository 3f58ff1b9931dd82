// Attaches HDF5's dimension scales to many data sets at once.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include <hdf5.h>

namespace crease::store {

// Leaves what H5DSattach_scale would leave (HDF5 Dimension Scale Specification): the attribute
// DIMENSION_LIST of every data set, and REFERENCE_LIST of every scale, each written once, where
// that function writes a scale's whole list anew for every data set.
class DimensionScales {
 public:
  // Of one file, which must stay open.
  explicit DimensionScales(hid_t file) : file_(file) {}

  // The dimensions of the data set at `path` get the scales at these paths, one each. False if HDF5
  // fails: its error stack says why. Requires: H5DSset_scale of all of them; no scale was attached
  // to the data set before.
  bool Attach(const std::string& path, hid_t dataset, const std::vector<std::string>& scales);
  // Writes the scales' side. Nothing may be attached afterwards. False as above.
  bool Finish();

 private:
  // As the specification lays it out.
  struct Use {
    hobj_ref_t dataset;
    int dimension;
  };
  struct Scale {
    hobj_ref_t reference = 0;
    std::vector<Use> uses;
  };
  bool WriteUses(const std::string& path, const std::vector<Use>& uses) const;

  hid_t file_;
  std::map<std::string, Scale> scales_;  // by path
};

}  // namespace crease::store
