// Which tasks there are, their defaults and the ranges of their options.
#pragma once

#include <string>
#include <vector>

#include "lib/data/options.h"

namespace crease::data {

// At most so many numbers in a generated data set (4 GiB of floats).
inline constexpr std::int64_t kMaxValues = std::int64_t{1} << 30;

// Throws Error(kInput) with the nearest names if there is no such task.
void CheckTaskName(const std::string& place, const std::string& task);

// True for digits, mnist and fashion_mnist, which random_labels takes as its source, too.
bool IsImageTask(const std::string& task);
bool IsTableTask(const std::string& task);  // iris, wine, breast_cancer
bool IsUserTask(const std::string& task);   // csv, hdf5, idx

// Requires defaults filled in. Throws Error(kInput) naming the first option out of range.
void CheckRanges(const Options& options);

}  // namespace crease::data
