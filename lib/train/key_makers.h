// Makers of the rows of the table of configuration keys.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "lib/train/config_keys.h"

namespace crease::train {

inline ConfigKey BlankKey(std::string_view name, ValueType type, std::string_view description) {
  return {.name = name,
          .type = type,
          .choices = {},
          .range = "",
          .description = description,
          .word = "",
          .word_value = 0,
          .get = {},
          .set = {},
          .same = {}};
}

// Reals by their bits, so that what is the same has the same text.
template <typename T>
bool SameValue(const T& a, const T& b) {
  if constexpr (std::is_floating_point_v<T>) {
    return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
  } else {
    return a == b;
  }
}

template <typename FieldOf>
auto SameField(FieldOf field) {
  return [field](const RunConfig& a, const RunConfig& b) { return SameValue(field(a), field(b)); };
}

// A field: from a configuration to a reference to one of its members.

template <typename Member>
auto Field(Member RunConfig::*member) {
  return [member](auto& config) -> auto& { return config.*member; };
}
template <typename Member>
auto Field(Member data::Options::*member) {
  return [member](auto& config) -> auto& { return config.data.*member; };
}
template <typename Member>
auto Field(Member model::Options::*member) {
  return [member](auto& config) -> auto& { return config.model.*member; };
}
template <typename Member>
auto Field(Member optim::Options::*member) {
  return [member](auto& config) -> auto& { return config.optim.*member; };
}

template <typename FieldOf>
ConfigKey BoolKey(std::string_view name, std::string_view description, FieldOf field) {
  ConfigKey key = BlankKey(name, ValueType::kBool, description);
  key.same = SameField(field);
  key.get = [field](const RunConfig& config) -> Value { return field(config); };
  key.set = [field](const Value& value, RunConfig& config) -> std::string {
    field(config) = std::get<bool>(value);
    return "";
  };
  return key;
}

inline constexpr std::int64_t kNoLimit = std::numeric_limits<std::int64_t>::max();

struct IntegerRange {
  std::int64_t least, most = kNoLimit;
  bool or_zero = false;

  bool Contains(std::int64_t value) const {
    return (value >= least && value <= most) || (or_zero && value == 0);
  }
  std::string Text() const {
    std::string text = ">= " + std::to_string(least);
    if (most != kNoLimit) {
      text = "in " + std::to_string(least) + " ... " + std::to_string(most);
    }
    return text + (or_zero ? ", or 0" : "");
  }
};

template <typename FieldOf>
ConfigKey IntegerKey(std::string_view name, const IntegerRange& range, std::string_view description,
                     FieldOf field) {
  ConfigKey key = BlankKey(name, ValueType::kInteger, description);
  key.range = range.Text();
  key.same = SameField(field);
  key.get = [field](const RunConfig& config) -> Value {
    return static_cast<std::int64_t>(field(config));
  };
  key.set = [field, range](const Value& value, RunConfig& config) -> std::string {
    const std::int64_t integer = std::get<std::int64_t>(value);
    if (!range.Contains(integer)) return "must be " + range.Text();
    auto& member = field(config);
    member = static_cast<std::remove_reference_t<decltype(member)>>(integer);
    return "";
  };
  return key;
}

struct RealRange {
  double least = -std::numeric_limits<double>::infinity();
  double below = std::numeric_limits<double>::infinity();
  bool least_excluded = false;
  std::string_view text = "";

  bool Contains(double value) const {
    return std::isfinite(value) && (least_excluded ? value > least : value >= least) &&
           value < below;
  }
};

inline constexpr RealRange kPositive{.least = 0, .least_excluded = true, .text = "> 0"};
inline constexpr RealRange kNotNegative{.least = 0, .text = ">= 0"};
inline constexpr RealRange kBelowOne{.least = 0, .below = 1, .text = "in [0, 1)"};

template <typename FieldOf>
ConfigKey RealKey(std::string_view name, const RealRange& range, std::string_view description,
                  FieldOf field) {
  ConfigKey key = BlankKey(name, ValueType::kReal, description);
  key.range = range.text;
  key.same = SameField(field);
  key.get = [field](const RunConfig& config) -> Value { return field(config); };
  key.set = [field, range](const Value& value, RunConfig& config) -> std::string {
    const double real = std::get<double>(value);
    if (!range.Contains(real)) return "must be a finite number " + std::string(range.text);
    field(config) = real == 0 ? 0.0 : real;  // -0 is 0: one value, one run id
    return "";
  };
  return key;
}

inline std::string ListOf(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  return list;
}

template <typename Enum>
using Named = std::vector<std::pair<std::string, Enum>>;

template <typename Enum, typename FieldOf>
ConfigKey ChoiceKey(std::string_view name, const Named<Enum>& named, std::string_view description,
                    FieldOf field) {
  ConfigKey key = BlankKey(name, ValueType::kString, description);
  for (const auto& [choice, unused] : named) key.choices.push_back(choice);
  key.same = SameField(field);
  key.get = [field, named](const RunConfig& config) -> Value {
    for (const auto& [choice, value] : named) {
      if (value == field(config)) return choice;
    }
    return std::string();
  };
  key.set = [field, named, list = ListOf(key.choices)](const Value& value,
                                                       RunConfig& config) -> std::string {
    for (const auto& [choice, meant] : named) {
      if (choice != std::get<std::string>(value)) continue;
      field(config) = meant;
      return "";
    }
    return "must be one of " + list;
  };
  return key;
}

template <typename FieldOf>
ConfigKey NameKey(std::string_view name, const std::vector<std::string>& choices,
                  std::string_view description, FieldOf field) {
  Named<std::string> named;
  for (const std::string& choice : choices) named.emplace_back(choice, choice);
  return ChoiceKey<std::string>(name, named, description, field);
}

template <typename FieldOf>
ConfigKey TextKey(std::string_view name, std::string_view description, FieldOf field) {
  ConfigKey key = BlankKey(name, ValueType::kString, description);
  key.same = SameField(field);
  key.get = [field](const RunConfig& config) -> Value { return field(config); };
  key.set = [field](const Value& value, RunConfig& config) -> std::string {
    const std::string& text = std::get<std::string>(value);
    for (const char c : text) {
      if (static_cast<unsigned char>(c) < 0x20) return "must hold no control characters";
    }
    field(config) = text;
    return "";
  };
  return key;
}

}  // namespace crease::train
