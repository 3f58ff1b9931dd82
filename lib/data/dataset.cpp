#include "lib/data/dataset.h"

#include <cassert>

#include "lib/core/hash.h"
#include "lib/data/bytes.h"
#include "lib/data/generated.h"
#include "lib/data/published.h"
#include "lib/data/transform.h"
#include "lib/data/user_data.h"
#include "lib/data/validate.h"

namespace crease::data {

namespace {

// A source of images gives the number of points and inputs.
void FillRandomLabelsDefaults(Options& options) {
  const bool images = IsImageTask(options.source);
  if (options.points == 0 && images) options.points = options.subset;
  if (options.points == 0) {
    options.points =
        images ? static_cast<std::int64_t>(PublishedTrainingPoints(options.source)) : 16;
  }
  if (options.inputs == 0) {
    options.inputs = images ? static_cast<std::int64_t>(PublishedInputs(options.source)) : 2;
  }
}

Dataset LoadRandomLabels(const Options& options) {
  if (options.source == "gaussian") return MakeRandomLabels(options);
  Dataset dataset = LoadImages(options.source);
  dataset.task = options.task;
  dataset.outputs = static_cast<std::size_t>(options.classes);
  dataset.test = Split();
  if (options.points != static_cast<std::int64_t>(dataset.train.points)) {
    TakeSubset("data.points", options.points, options.data_seed, dataset);
  }
  dataset.train.labels = RandomLabels(dataset.train.points, options.classes, options.data_seed);
  return dataset;
}

Dataset LoadFromFiles(const Options& options) {
  if (IsImageTask(options.task)) return LoadImages(options.task);
  if (IsTableTask(options.task)) return LoadTable(options.task);
  if (options.task == "csv") return LoadCsv(options);
  if (options.task == "hdf5") return LoadHdf5(options);
  assert(options.task == "idx");
  return LoadIdx(options);
}

}  // namespace

const std::vector<std::string>& TaskNames() {
  static const std::vector<std::string> names = {
      "spiral",         "octants", "sectors",       "random_labels",
      "toy_regression", "digits",  "mnist",         "fashion_mnist",
      "iris",           "wine",    "breast_cancer", "csv",
      "hdf5",           "idx"};
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
  if (options.task == "random_labels") FillRandomLabelsDefaults(filled);
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
  if (filled.task == "random_labels") return LoadRandomLabels(filled);
  if (filled.task == "toy_regression") return MakeToyRegression(filled);
  Dataset dataset = LoadFromFiles(filled);
  TakeSubset("data.subset", filled.subset, filled.data_seed, dataset);
  return dataset;
}

std::string ContentDigest(const Options& options) {
  if (!IsUserTask(options.task)) return "";
  CheckRanges(options);
  Hasher hasher;
  // Numbered, so that a file of labels is told from a file of test images.
  const std::string* const files[] = {&options.path, &options.labels, &options.test_path,
                                      &options.test_labels};
  for (std::uint32_t role = 0; role < 4; ++role) {
    if (files[role]->empty()) continue;
    hasher.Add(&role, sizeof role);
    HashFile(*files[role], hasher);
  }
  return hasher.HexDigest();
}

}  // namespace crease::data
