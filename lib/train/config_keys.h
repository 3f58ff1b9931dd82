// Every configuration key, once: its name, type, range, default and meaning. The sweep file
// parser, --set, the axes of a grid, the canonical configuration, the coordinates of the store
// and the columns of SQL all read this table.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lib/train/run_config.h"

namespace crease::train {

using Value = std::variant<bool, std::int64_t, double, std::string>;

enum class ValueType { kBool, kInteger, kReal, kString };

struct ConfigKey {
  std::string_view name;  // "seed", or "section.key": "model.width"
  ValueType type;
  // kString with a fixed set of values: all of them, for messages; else empty.
  std::vector<std::string> choices;
  std::string range;             // of numbers, as ">= 1" or "in [0, 1)"; "" if any finite value
  std::string_view description;  // with unit and range
  // "batch" takes the word "full" besides a number: the word and the integer it stands for.
  std::string_view word;
  std::int64_t word_value;
  std::function<Value(const RunConfig&)> get;
  // Requires: `value` holds the alternative that `type` names. Returns "" or what is wrong with
  // the value, as "must be >= 1".
  std::function<std::string(const Value& value, RunConfig& config)> set;
  // Whether two configurations have the same value of this key, reals bit for bit.
  std::function<bool(const RunConfig&, const RunConfig&)> same;

  std::string_view section() const;     // "model"; "" for seed
  std::string_view short_name() const;  // "width"
};

// In canonical order.
std::span<const ConfigKey> ConfigKeys();

// nullptr if there is none of that name.
const ConfigKey* FindConfigKey(std::string_view name);

// The candidate most like `name`: by edit distance, by what else it is commonly called
// ("learning_rate"), or by the same last part in another section ("lr", "model.lr" for
// "train.lr"); "" if nothing is near.
std::string NearestName(std::string_view name, std::span<const std::string> candidates);

// Whether two configurations agree in all keys of a section and in data_digest.
bool SameInSection(std::string_view section, const RunConfig& a, const RunConfig& b);
// In all that the canonical configuration holds but the seed.
bool SameButForSeed(const RunConfig& a, const RunConfig& b);

// Sets a key from a value of any type: integers serve as reals, the key's word as its integer.
// Returns "" or what is wrong ("is a string, must be an integer >= 1").
std::string SetConfigValue(const ConfigKey& key, const Value& value, RunConfig& config);

// What is wrong with the combination of values ("" if nothing), as "model.groups = 4 does not
// divide model.width = 6", the key to blame, and the other key that takes part ("" if none).
struct Inconsistency {
  std::string key;
  std::string what;
  std::string other_key = "";
};
Inconsistency CheckConsistency(const RunConfig& config);

// JSON of the whole configuration, defaults included, in canonical order, numbers in shortest
// round-trip form: {"data":{...},"model":{...},"train":{...},"seed":0}. A data_digest stands in
// "data" as "digest".
std::string ToJson(const RunConfig& config);
RunConfig ConfigFromJson(std::string_view json);  // throws Error(kDamaged)

// 32 hexadecimal digits: hash of the canonical configuration (data::WithTaskDefaults; the paths of
// the user's files replaced by data_digest) and the numerics version.
std::string RunId(const RunConfig& config);

std::string ToString(const Value& value);

}  // namespace crease::train
