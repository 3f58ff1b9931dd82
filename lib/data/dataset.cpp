#include "lib/data/dataset.h"

#include <cassert>

#include "lib/data/generated.h"
#include "lib/data/validate.h"

namespace crease::data {

const std::vector<std::string>& TaskNames() {
  static const std::vector<std::string> names = {"spiral", "octants", "sectors", "random_labels",
                                                 "toy_regression"};
  return names;
}

Options WithTaskDefaults(const Options& options) {
  CheckTaskName("data.task", options.task);
  Options filled = options;
  const auto fill = [](std::int64_t& value, std::int64_t fallback) {
    if (value == 0) value = fallback;
  };
  if (options.task == "spiral" || options.task == "sectors") fill(filled.points, 400);
  if (options.task == "octants") fill(filled.points, 800);
  if (options.task == "random_labels") {
    fill(filled.points, 16);
    fill(filled.inputs, 2);
  }
  if (options.task == "toy_regression") {
    fill(filled.points, 1024);
    fill(filled.inputs, 4);
  }
  return filled;
}

Dataset Load(const Options& options) {
  const Options filled = WithTaskDefaults(options);
  CheckRanges(filled);
  if (filled.task == "spiral") return MakeSpiral(filled);
  if (filled.task == "octants") return MakeOctants(filled);
  if (filled.task == "sectors") return MakeSectors(filled);
  if (filled.task == "random_labels") return MakeRandomLabels(filled);
  assert(filled.task == "toy_regression");
  return MakeToyRegression(filled);
}

std::string ContentDigest(const Options& /*options*/) { return ""; }

}  // namespace crease::data
