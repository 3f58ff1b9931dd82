#include <optional>

#include "lib/data/idx.h"
#include "lib/data/user_arrays.h"
#include "lib/data/user_data.h"

namespace crease::data {
namespace {

struct Part {
  IdxArray images, labels;
};

// Valid as long as `part` is where it was.
SplitView View(const Part& part) {
  const auto view = [](const IdxArray& array, double scale) {
    return ArrayView{array.path(), array.points(), array.values_per_point(),
                     [&array, scale](std::size_t i) { return array.Value(i) / scale; }};
  };
  return {view(part.images, part.images.holds_unsigned_bytes() ? 255.0 : 1.0),
          view(part.labels, 1.0)};
}

}  // namespace

Dataset LoadIdx(const Options& options) {
  const Part train{ReadIdx(options.path), ReadIdx(options.labels)};
  if (options.test_path.empty()) return FromArrays(options, View(train), nullptr);
  const Part test{ReadIdx(options.test_path), ReadIdx(options.test_labels)};
  const SplitView test_view = View(test);
  return FromArrays(options, View(train), &test_view);
}

}  // namespace crease::data
