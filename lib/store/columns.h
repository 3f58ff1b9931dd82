// The tables of a store, column by column: what a run and a transition are described by. Writer,
// reader and catalogue all go by these lists.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lib/detect/transition.h"
#include "lib/train/config_keys.h"
#include "lib/train/run_record.h"

namespace crease::store {

using train::Value;
using train::ValueType;

struct RunColumn {
  std::string name;
  ValueType type;
  std::string description;
  std::string units;  // "" if none
  std::function<Value(const train::RunRecord&)> get;
  bool of_cell = false;  // the same for all runs that differ in the seed alone
};

// run_id, digest, config, one per configuration key under CoordinateName(), and the outcome.
const std::vector<RunColumn>& RunColumns();

// The key's last part ("width" of "model.width"), unless that name is taken by a recorded array
// (train.loss is loss_function) or by another key (then section_name).
std::string CoordinateName(const train::ConfigKey& key);

struct TransitionColumn {
  std::string_view name;
  std::variant<double detect::Transition::*, bool detect::Transition::*> field;
  std::string_view description;
  std::string_view units;
};

// The fields of detect::Transition, in order.
std::span<const TransitionColumn> TransitionColumns();

// The values of one column, a row each: integers and booleans, reals, or strings.
using ColumnValues =
    std::variant<std::vector<std::int64_t>, std::vector<double>, std::vector<std::string>>;

ColumnValues EmptyColumn(ValueType type);
void AppendValue(ColumnValues& column, Value value);
std::size_t RowCount(const ColumnValues& column);

}  // namespace crease::store
