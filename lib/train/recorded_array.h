// Makes the arrays that probes fill, and keeps them across an interruption.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "lib/core/state.h"
#include "lib/train/run_record.h"

namespace crease::train {

// Filled with NaN: rows that are never reached stay so.
RecordedArray MakeArray(std::string group, std::string name, std::string description,
                        std::string units, std::vector<std::string> dimensions,
                        std::vector<std::size_t> shape);

// Which rows of a probe's arrays (along their first dimension) are saved. Arrays without values
// are passed over.
class SavedRows {
 public:
  // Puts the rows from the last call to `done`.
  void Save(StateWriter& state, const std::vector<const RecordedArray*>& arrays, std::size_t done);
  // Fills the rows that one call of Save put. Returns how many are done then.
  std::size_t Restore(StateReader& state, const std::vector<RecordedArray*>& arrays);

 private:
  std::size_t saved_ = 0;
};

// For the two above: RecordedArray* or const RecordedArray*.
template <typename Arrays>
auto PointersTo(Arrays& arrays) {
  std::vector<decltype(arrays.data())> pointers;
  pointers.reserve(arrays.size());
  for (auto& array : arrays) pointers.push_back(&array);
  return pointers;
}

}  // namespace crease::train
