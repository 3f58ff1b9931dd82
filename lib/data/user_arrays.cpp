#include "lib/data/user_arrays.h"

#include <cmath>
#include <limits>
#include <utility>

#include "lib/core/error.h"
#include "lib/data/transform.h"

namespace crease::data {
namespace {

void CheckFinite(const ArrayView& array) {
  constexpr auto kLargest = static_cast<double>(std::numeric_limits<float>::max());
  for (std::size_t i = 0; i < array.points * array.values_per_point; ++i) {
    if (std::fabs(array.value(i)) <= kLargest) continue;
    throw InputError(array.place,
                     "point " + std::to_string(i / array.values_per_point) +
                         " (from 0) holds a number that is not finite in single precision",
                     "correct or drop that point");
  }
}

void CheckSplit(const SplitView& split) {
  if (split.x.points != split.y.points) {
    throw InputError(split.y.place,
                     "has " + std::to_string(split.y.points) + " rows, but " + split.x.place +
                         " has " + std::to_string(split.x.points),
                     "give both one row a point");
  }
  CheckFinite(split.x);
  CheckFinite(split.y);
}

void CheckSameShape(const ArrayView& train, const ArrayView& test) {
  if (train.values_per_point == test.values_per_point) return;
  throw InputError(test.place,
                   "has " + std::to_string(test.values_per_point) + " values a point where " +
                       train.place + " has " + std::to_string(train.values_per_point),
                   "give both splits points of the same shape");
}

std::vector<std::int64_t> Labels(const ArrayView& y) {
  std::vector<std::int64_t> labels(y.points);
  bool whole = y.values_per_point == 1;
  for (std::size_t i = 0; whole && i < labels.size(); ++i) {
    const double value = y.value(i);
    whole = std::fabs(value) < 0x1p53 && value == std::trunc(value);
    if (whole) labels[i] = static_cast<std::int64_t>(value);
  }
  if (whole) return labels;
  throw InputError(y.place, "classes must be one whole number a point",
                   "give integers of shape (points), or set data.kind = \"regression\"");
}

void FillClasses(const SplitView& train, const SplitView* test, Dataset& dataset) {
  const std::vector<std::int64_t> labels = Labels(train.y);
  const std::vector<std::int64_t> classes = SortedClasses(train.y.place, labels);
  dataset.outputs = classes.size();
  dataset.train.labels = ClassesOf(labels, classes, [&](std::size_t) { return train.y.place; });
  if (test == nullptr) return;
  dataset.test.labels =
      ClassesOf(Labels(test->y), classes, [&](std::size_t) { return test->y.place; });
}

void FillTargets(const ArrayView& y, AlignedVector<float>& targets) {
  targets.resize(y.points * y.values_per_point);
  for (std::size_t i = 0; i < targets.size(); ++i) targets[i] = static_cast<float>(y.value(i));
}

void FillInputs(const ArrayView& x, const Standardization& standardization, Split& split) {
  split.points = x.points;
  split.x = ToInputs(x.points, x.values_per_point, x.value, standardization);
}

}  // namespace

Dataset FromArrays(const Options& options, const SplitView& train, const SplitView* test) {
  CheckEnoughPoints(train.x.place, train.x.points);
  CheckSplit(train);
  if (test != nullptr) {
    CheckSplit(*test);
    CheckSameShape(train.x, test->x);
    CheckSameShape(train.y, test->y);
  }
  Dataset dataset;
  dataset.task = options.task;
  dataset.inputs = train.x.values_per_point;
  Standardization standardization;
  if (options.standardize) {
    standardization = MeasureStandardization(train.x.points, dataset.inputs, train.x.value);
  }
  FillInputs(train.x, standardization, dataset.train);
  if (test != nullptr) FillInputs(test->x, standardization, dataset.test);
  if (options.kind == "regression") {
    dataset.regression = true;
    dataset.outputs = dataset.supervised = train.y.values_per_point;
    FillTargets(train.y, dataset.train.targets);
    if (test != nullptr) FillTargets(test->y, dataset.test.targets);
  } else {
    FillClasses(train, test, dataset);
  }
  return dataset;
}

}  // namespace crease::data
