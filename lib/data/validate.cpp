#include "lib/data/validate.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <sstream>

#include "lib/core/error.h"
#include "lib/data/dataset.h"
#include "lib/data/published.h"

namespace crease::data {
namespace {

template <typename Number>
std::string Text(Number number) {
  std::ostringstream stream;
  stream.precision(17);
  stream << number;
  return stream.str();
}

template <typename Number>
void CheckBetween(const char* key, Number value, Number low, Number high) {
  // Written so that NaN fails.
  if (value >= low && value <= high) return;
  throw InputError(std::string("data.") + key, Text(value) + " is out of range",
                   "give a value from " + Text(low) + " to " + Text(high));
}

std::size_t EditDistance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

// The names at the smallest distance come first.
std::vector<std::string> ByDistance(const std::string& name) {
  std::vector<std::string> names = TaskNames();
  std::stable_sort(names.begin(), names.end(), [&](const auto& a, const auto& b) {
    return EditDistance(a, name) < EditDistance(b, name);
  });
  return names;
}

std::string Joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

void CheckSize(std::int64_t points, std::int64_t inputs) {
  if (points <= kMaxValues / inputs) return;
  throw InputError("data.points",
                   Text(points) + " points of " + Text(inputs) + " inputs are more than " +
                       Text(kMaxValues) + " numbers",
                   "lower data.points or data.inputs");
}

void CheckSpiral(const Options& options) {
  CheckBetween("turns", options.turns, 1e-6, 1e4);
  CheckBetween("noise", options.noise, 0.0, 1e6);
}

void CheckSectors(const Options& options) {
  CheckBetween<std::int64_t>("sectors", options.sectors, 2, options.points);
  if (options.sectors % 2 != 0) {
    throw InputError("data.sectors", Text(options.sectors) + " sectors cannot alternate",
                     "give an even number");
  }
}

void CheckRandomLabels(const Options& options) {
  CheckBetween<std::int64_t>("classes", options.classes, 2, 65536);
  if (options.source != "gaussian" && !IsImageTask(options.source)) {
    throw InputError("data.source", "there is no source \"" + options.source + "\"",
                     "give gaussian, digits, mnist or fashion_mnist");
  }
  if (options.source == "gaussian") return;
  const auto inputs = static_cast<std::int64_t>(PublishedInputs(options.source));
  if (options.inputs != inputs) {
    throw InputError("data.inputs",
                     "the images of " + options.source + " have " + Text(inputs) + " inputs, not " +
                         Text(options.inputs),
                     "leave data.inputs out");
  }
  if (options.subset != 0 && options.subset != options.points) {
    throw InputError("data.subset",
                     "data.points says " + Text(options.points) + " points, and data.subset " +
                         Text(options.subset),
                     "give one of the two");
  }
}

void CheckToyRegression(const Options& options) {
  CheckBetween<std::int64_t>("supervised", options.supervised, 1, options.inputs);
  CheckBetween("sigma", options.sigma, 1e-30, 1e30);
}

void CheckUserData(const Options& options) {
  if (options.kind != "classification" && options.kind != "regression") {
    throw InputError("data.kind", "there is no kind \"" + options.kind + "\"",
                     "give classification or regression");
  }
  if (options.path.empty()) {
    throw InputError("data.path", "task " + options.task + " needs a file", "set data.path");
  }
  if (options.task != "idx") return;
  if (options.labels.empty()) {
    throw InputError("data.labels", "task idx needs a file of labels", "set data.labels");
  }
  if (options.test_path.empty() != options.test_labels.empty()) {
    throw InputError(options.test_path.empty() ? "data.test_path" : "data.test_labels",
                     "a test split needs both data.test_path and data.test_labels",
                     "set both or neither");
  }
}

}  // namespace

bool IsImageTask(const std::string& task) {
  return task == "digits" || task == "mnist" || task == "fashion_mnist";
}

bool IsTableTask(const std::string& task) {
  return task == "iris" || task == "wine" || task == "breast_cancer";
}

bool IsUserTask(const std::string& task) {
  return task == "csv" || task == "hdf5" || task == "idx";
}

void CheckTaskName(const std::string& place, const std::string& task) {
  const std::vector<std::string>& names = TaskNames();
  if (std::find(names.begin(), names.end(), task) != names.end()) return;
  const std::vector<std::string> nearest = ByDistance(task);
  throw InputError(
      place, "there is no task \"" + task + "\"",
      "did you mean " + nearest[0] + " or " + nearest[1] + "? All tasks: " + Joined(names));
}

void CheckRanges(const Options& options) {
  CheckTaskName("data.task", options.task);
  CheckBetween<std::int64_t>("data_seed", options.data_seed, 0, INT64_MAX);
  if (IsImageTask(options.task) || IsTableTask(options.task) || IsUserTask(options.task)) {
    // 0: all of them. A single point has nothing to be told from.
    if (options.subset != 0) {
      CheckBetween<std::int64_t>("subset", options.subset, 2, kMaxValues);
    }
    if (IsUserTask(options.task)) CheckUserData(options);
    return;
  }
  CheckBetween<std::int64_t>("points", options.points, 2, kMaxValues);
  if (options.task == "random_labels" || options.task == "toy_regression") {
    CheckBetween<std::int64_t>("inputs", options.inputs, 1, 65536);
    CheckSize(options.points, options.inputs);
  } else {
    CheckSize(options.points, options.task == "octants" ? 3 : 2);
  }
  if (options.task == "spiral") CheckSpiral(options);
  if (options.task == "sectors") CheckSectors(options);
  if (options.task == "random_labels") CheckRandomLabels(options);
  if (options.task == "toy_regression") CheckToyRegression(options);
}

}  // namespace crease::data
