// From numbers and labels, however a file gives them, to the inputs and classes of a split.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "lib/core/error.h"
#include "lib/data/dataset.h"

namespace crease::data {

// Of each input over the points: x' = (x - mean) / deviation. Empty: x' = x.
struct Standardization {
  std::vector<double> mean, deviation;  // (inputs)
};

// Means and population standard deviations; 1 for an input that is constant. `value(i)` gives
// number i of (points, inputs).
template <typename Value>
Standardization MeasureStandardization(std::size_t points, std::size_t inputs, const Value& value) {
  const auto count = static_cast<double>(points);
  Standardization result{std::vector<double>(inputs), std::vector<double>(inputs)};
  // The second pass corrects what rounding left of the first.
  for (int pass = 0; pass < 2; ++pass) {
    std::vector<double> sum(inputs);
    for (std::size_t i = 0; i < points * inputs; ++i) {
      sum[i % inputs] += value(i) - result.mean[i % inputs];
    }
    for (std::size_t d = 0; d < inputs; ++d) result.mean[d] += sum[d] / count;
  }
  for (std::size_t i = 0; i < points * inputs; ++i) {
    const double distance = value(i) - result.mean[i % inputs];
    result.deviation[i % inputs] += distance * distance;
  }
  for (std::size_t d = 0; d < inputs; ++d) {
    result.deviation[d] = std::sqrt(result.deviation[d] / count);
    // What rounding leaves of a constant input is no deviation.
    if (result.deviation[d] <= 1e-14 * std::fabs(result.mean[d])) result.deviation[d] = 1.0;
    if (result.deviation[d] == 0.0) result.deviation[d] = 1.0;
  }
  return result;
}

// The inputs in single precision, standardised unless `standardization` is empty.
template <typename Value>
AlignedVector<float> ToInputs(std::size_t points, std::size_t inputs, const Value& value,
                              const Standardization& standardization) {
  AlignedVector<float> x(points * inputs);
  for (std::size_t i = 0; i < x.size(); ++i) {
    double number = value(i);
    if (!standardization.mean.empty()) {
      number = (number - standardization.mean[i % inputs]) / standardization.deviation[i % inputs];
    }
    x[i] = static_cast<float>(number);
  }
  return x;
}

// The distinct labels in sorted order: class k is entry k. Label is a number or a string. Throws
// Error(kInput) at `place` if there is only one class or implausibly many.
template <typename Label>
std::vector<Label> SortedClasses(const std::string& place, const std::vector<Label>& labels) {
  constexpr std::size_t kMostClasses = 10000;
  std::vector<Label> classes = labels;
  std::sort(classes.begin(), classes.end());
  classes.erase(std::unique(classes.begin(), classes.end()), classes.end());
  if (classes.size() < 2) {
    throw InputError(place, "all training points are of one class",
                     "give at least two classes, or set data.kind = \"regression\"");
  }
  if (classes.size() > kMostClasses) {
    throw InputError(place, "there are " + std::to_string(classes.size()) + " classes",
                     "give at most " + std::to_string(kMostClasses) +
                         " classes, or set data.kind = \"regression\"");
  }
  return classes;
}

// The class of every label. `place(i)` names where label i stands, for the Error(kInput) of a
// label that the training split has not.
template <typename Label, typename Place>
std::vector<std::int32_t> ClassesOf(const std::vector<Label>& labels,
                                    const std::vector<Label>& classes, const Place& place) {
  std::vector<std::int32_t> result(labels.size());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto found = std::lower_bound(classes.begin(), classes.end(), labels[i]);
    if (found == classes.end() || *found != labels[i]) {
      std::string name;
      if constexpr (std::is_arithmetic_v<Label>) {
        name = std::to_string(labels[i]);
      } else {
        name = '"' + labels[i] + '"';
      }
      throw InputError(place(i), "no training point is of class " + name,
                       "give every class of the test split some training points");
    }
    result[i] = static_cast<std::int32_t>(found - classes.begin());
  }
  return result;
}

// Throws Error(kInput) at `place` if a training split has fewer than two points.
void CheckEnoughPoints(const std::string& place, std::size_t points);

// The positions 0 ... points-1 in a seeded random order (Purpose::kSubset), the first `count`.
std::vector<std::size_t> SeededChoice(std::size_t points, std::size_t count,
                                      std::int64_t data_seed);

// Keeps the first `count` training points of a seeded random order, so that classes are mixed
// even where the file is sorted by class. 0: all, in the file's order. Throws Error(kInput)
// naming `key` if there are not so many.
void TakeSubset(const char* key, std::int64_t count, std::int64_t data_seed, Dataset& dataset);

}  // namespace crease::data
