// What hdf5 and idx have in common: arrays of inputs and of targets, wherever their numbers lie.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "lib/data/dataset.h"

namespace crease::data {

// The first axis is the points, all others count as one.
struct ArrayView {
  std::string place;  // what errors name
  std::size_t points = 0, values_per_point = 0;
  std::function<double(std::size_t)> value;  // row-major; whatever it refers to stays alive
};

struct SplitView {
  ArrayView x, y;
};

// `test` may be null. Throws Error(kInput) at the array's place if numbers are not finite in
// single precision, if shapes do not match, or if classes are no whole numbers.
Dataset FromArrays(const Options& options, const SplitView& train, const SplitView* test);

}  // namespace crease::data
