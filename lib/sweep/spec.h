// In: a sweep file (TOML) and --set overrides. Out: a Spec: base configuration, axes, exclusions,
// what to record.
#pragma once

#include <string>
#include <vector>

#include "lib/train/config_keys.h"
#include "lib/train/run_config.h"

namespace crease::sweep {

// One factor of the grid's product: keys that advance together (one key for a plain axis).
struct Axis {
  std::vector<const train::ConfigKey*> keys;
  std::vector<std::vector<train::Value>> values;  // (key, position); all keys equally many
  std::string place;                              // file:line:column of its definition
};

struct Exclusion {  // leaves out the runs for which all keys match
  std::vector<const train::ConfigKey*> keys;
  std::vector<std::vector<train::Value>> values;  // (key, alternatives)
};

struct Spec {
  std::string name;  // [A-Za-z0-9_-]+
  std::string question;
  std::string path;                    // of the sweep file
  std::string text;                    // the sweep file, verbatim
  std::vector<std::string> overrides;  // "key=value" of --set, in order
  train::RunConfig base;
  train::RecordOptions record;
  std::vector<Axis> axes;
  std::vector<Exclusion> exclusions;
  std::vector<std::string> warnings;  // for stderr
};

// Strict: unknown tables and keys, wrong types, values out of range, empty axes, duplicate values
// in an axis, a key in two axes, exclusions that match nothing and inconsistent cells throw
// Error(kInput) with file:line:column, what is wrong and the nearest valid name. An override
// "a.b=value" replaces a base value, or a whole axis when the value is an array or an axis table;
// its place reads "--set a.b=value". model.head_bias follows model.bias where it is not given.
Spec ParseSpecFile(const std::string& path, const std::vector<std::string>& overrides = {});
Spec ParseSpec(const std::string& text, const std::string& path,
               const std::vector<std::string>& overrides = {});

}  // namespace crease::sweep
