// In: the value of a configuration key, or of an axis. Out: checked train::Values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/sweep/draft.h"
#include "lib/train/config_keys.h"

namespace crease::sweep {

// The most runs of one sweep; a larger grid is taken for a mistake.
inline constexpr std::int64_t kMostRuns = 10'000'000;

// One value for `key`, as the configuration holds it. Relative paths of the user's files are made
// absolute, starting at `directory`. Throws Error(kInput) at `part`.
train::Value CheckedValue(const train::ConfigKey& key, const Item& item, const toml::node& part,
                          const std::string& directory);

// An axis: [v, ...], {range = [a, b]} or [a, b, step] (b excluded), {linear = [a, b], n = k} or
// {log = [a, b], n = k}. Throws Error(kInput) for values that do not fit the key and empty axes.
std::vector<train::Value> AxisValues(const train::ConfigKey& key, const Item& item,
                                     const std::string& directory);

// The values of an exclusion: one, or an array of alternatives.
std::vector<train::Value> Alternatives(const train::ConfigKey& key, const Item& item,
                                       const std::string& directory);

// To 12 significant digits, so that the axis is the same on every machine and reads well.
double RoundedTo12Digits(double value);

}  // namespace crease::sweep
