#include "lib/train/recorded_array.h"

#include <limits>
#include <utility>

namespace crease::train {

RecordedArray MakeArray(std::string group, std::string name, std::string description,
                        std::string units, std::vector<std::string> dimensions,
                        std::vector<std::size_t> shape) {
  std::size_t count = 1;
  for (const std::size_t length : shape) count *= length;
  RecordedArray array{std::move(group),
                      std::move(name),
                      std::move(description),
                      std::move(units),
                      std::move(dimensions),
                      std::move(shape),
                      {}};
  array.values.assign(count, std::numeric_limits<float>::quiet_NaN());
  return array;
}

}  // namespace crease::train
