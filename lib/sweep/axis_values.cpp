#include "lib/sweep/axis_values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <optional>
#include <string_view>

#include "lib/core/portable_math.h"

namespace crease::sweep {
namespace {

using train::ConfigKey;
using train::Value;
using train::ValueType;

std::optional<Value> ScalarOf(const toml::node& node) {
  if (const auto* flag = node.as_boolean()) return Value(flag->get());
  if (const auto* integer = node.as_integer()) return Value(integer->get());
  if (const auto* real = node.as_floating_point()) return Value(real->get());
  if (const auto* text = node.as_string()) return Value(text->get());
  return std::nullopt;
}

bool IsFilePath(const ConfigKey& key) {
  return key.name == "data.path" || key.name == "data.labels" || key.name == "data.test_path" ||
         key.name == "data.test_labels";
}

std::string RemedyFor(const ConfigKey& key, const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) {
    const std::string nearest = train::NearestName(*text, key.choices);
    if (!nearest.empty()) return "did you mean \"" + nearest + "\"?";
  }
  const auto* real = std::get_if<double>(&value);
  if (real != nullptr && key.type == ValueType::kInteger && *real == std::rint(*real) &&
      std::fabs(*real) < 1e15) {
    return "write it as an integer: " + std::to_string(static_cast<std::int64_t>(*real));
  }
  return std::string(key.name) + ": " + std::string(key.description);
}

Value Checked(const ConfigKey& key, const Value& value, const std::string& place,
              const std::string& directory) {
  // Setting and getting makes 1 and 1.0 the same value of a real key.
  thread_local train::RunConfig scratch;
  const std::string wrong = SetConfigValue(key, value, scratch);
  if (!wrong.empty()) {
    throw InputError(place, std::string(key.name) + " " + wrong, RemedyFor(key, value));
  }
  Value checked = key.get(scratch);
  if (IsFilePath(key) && !std::get<std::string>(checked).empty()) {
    const std::filesystem::path path = std::get<std::string>(checked);
    checked = std::filesystem::absolute(directory / path).lexically_normal().string();
  }
  return checked;
}

// {range = [a, b, step]}, {linear = [a, b], n = k} or {log = [a, b], n = k}.
struct Generator {
  std::string form;
  const toml::array* bounds = nullptr;
  const toml::node* count = nullptr;
  std::string place;
};

constexpr std::string_view kForms =
    "an axis is [v, ...], { range = [a, b] }, { linear = [a, b], n = k } or "
    "{ log = [a, b], n = k }";

Generator GeneratorOf(const Item& item, const toml::table& table) {
  static const std::vector<std::string> known = {"range", "linear", "log", "n"};
  Generator generator;
  for (const auto& [key, node] : table) {
    const std::string name(key.str());
    const std::string place = item.document->At(key.source());
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      throw UnknownName(place, "form of the axis " + item.name + ":", name, known);
    }
    if (name == "n") {
      generator.count = &node;
      continue;
    }
    if (!generator.form.empty()) {
      throw InputError(place, item.name + " has two forms, " + generator.form + " and " + name,
                       std::string(kForms));
    }
    generator = {name, node.as_array(), generator.count, place};
    if (generator.bounds == nullptr) {
      throw InputError(place, name + " is " + KindOf(node) + ", must be an array of bounds",
                       std::string(kForms));
    }
  }
  if (generator.form.empty()) {
    throw InputError(item.place, item.name + " is a table of no known form", std::string(kForms));
  }
  return generator;
}

[[noreturn]] void RefuseCount(const std::string& place, const std::string& name) {
  throw InputError(place, name + " has more than " + std::to_string(kMostRuns) + " values",
                   "a sweep has at most so many runs: shorten the axis");
}

std::vector<Value> RangeValues(const Item& item, const Generator& generator) {
  const toml::array& bounds = *generator.bounds;
  const std::string form = item.name + ": range";
  if (generator.count != nullptr) {
    throw InputError(item.PlaceOf(*generator.count), form + " takes no n",
                     "write { range = [a, b, step] }");
  }
  if (bounds.size() != 2 && bounds.size() != 3) {
    throw InputError(generator.place,
                     form + " needs two numbers, has " + std::to_string(bounds.size()),
                     "write { range = [a, b] } or { range = [a, b, step] }; b is excluded");
  }
  std::array<std::int64_t, 3> numbers = {0, 0, 1};
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    const auto* integer = bounds[i].as_integer();
    if (integer == nullptr) {
      throw InputError(item.PlaceOf(bounds[i]), form + " holds " + KindOf(bounds[i]),
                       "range takes integers; use linear or log for other numbers");
    }
    numbers[i] = integer->get();
  }
  const auto [first, end, step] = numbers;
  if (step < 1) {
    throw InputError(generator.place, form + " has step " + std::to_string(step),
                     "write a step >= 1");
  }
  if (end <= first) {
    throw InputError(generator.place,
                     form + " [" + std::to_string(first) + ", " + std::to_string(end) +
                         "] is empty" + (end < first ? ": it runs backwards" : ""),
                     "write [a, b] with a < b; b is excluded");
  }
  const auto span = static_cast<std::uint64_t>(end) - static_cast<std::uint64_t>(first);
  if ((span - 1) / static_cast<std::uint64_t>(step) >= kMostRuns) {
    RefuseCount(generator.place, item.name);
  }
  std::vector<Value> values;
  for (std::uint64_t offset = 0; offset < span; offset += static_cast<std::uint64_t>(step)) {
    values.emplace_back(static_cast<std::int64_t>(static_cast<std::uint64_t>(first) + offset));
  }
  return values;
}

std::int64_t CountOf(const Item& item, const Generator& generator) {
  const std::string remedy = "write { " + generator.form + " = [a, b], n = k } with k >= 2";
  if (generator.count == nullptr) {
    throw InputError(generator.place, item.name + ": " + generator.form + " needs n", remedy);
  }
  const auto* integer = generator.count->as_integer();
  if (integer == nullptr || integer->get() < 2) {
    throw InputError(item.PlaceOf(*generator.count), item.name + ": n must be an integer >= 2",
                     remedy);
  }
  if (integer->get() > kMostRuns) RefuseCount(item.PlaceOf(*generator.count), item.name);
  return integer->get();
}

std::array<double, 2> SpacedBounds(const Item& item, const Generator& generator) {
  const toml::array& bounds = *generator.bounds;
  const std::string form = item.name + ": " + generator.form;
  if (bounds.size() != 2) {
    throw InputError(generator.place,
                     form + " needs two numbers, has " + std::to_string(bounds.size()),
                     "write { " + generator.form + " = [a, b], n = k }; b is included");
  }
  std::array<double, 2> numbers = {};
  for (std::size_t i = 0; i < 2; ++i) {
    const std::optional<double> number = bounds[i].value<double>();
    if (!number || bounds[i].is_boolean() || !std::isfinite(*number)) {
      throw InputError(item.PlaceOf(bounds[i]), form + " holds what is no finite number",
                       "write { " + generator.form + " = [a, b], n = k }");
    }
    if (generator.form == "log" && *number <= 0) {
      throw InputError(item.PlaceOf(bounds[i]), form + " holds a number that is not positive",
                       "write bounds > 0, or use linear");
    }
    numbers[i] = *number;
  }
  if (numbers[0] >= numbers[1]) {
    throw InputError(generator.place, form + " runs backwards", "write [a, b] with a < b");
  }
  return numbers;
}

std::vector<Value> SpacedValues(const ConfigKey& key, const Item& item,
                                const Generator& generator) {
  const std::int64_t count = CountOf(item, generator);
  const auto [first, last] = SpacedBounds(item, generator);
  const bool is_log = generator.form == "log";
  const double from = is_log ? portable::Log(first) : first;
  const double to = is_log ? portable::Log(last) : last;
  std::vector<Value> values;
  for (std::int64_t i = 0; i < count; ++i) {
    const double share = static_cast<double>(i) / static_cast<double>(count - 1);
    // Not from + share * (to - from), which overflows where the bounds are far apart.
    const double at = from * (1 - share) + to * share;
    double value = RoundedTo12Digits(is_log ? portable::Exp(at) : at);
    if (i == 0) value = first;
    if (i == count - 1) value = last;
    const bool is_whole = value == std::rint(value) && std::fabs(value) < 1e15;
    if (key.type == ValueType::kInteger && is_whole) {
      values.emplace_back(static_cast<std::int64_t>(value));
    } else {
      values.emplace_back(value);
    }
  }
  return values;
}

std::vector<Value> ListedValues(const ConfigKey& key, const Item& item, const toml::array& array,
                                const std::string& directory) {
  if (array.empty()) {
    throw InputError(item.place, item.name + " is an empty array",
                     "write at least one value, or remove the key");
  }
  std::vector<Value> values;
  for (const toml::node& element : array) {
    values.push_back(CheckedValue(key, item, element, directory));
  }
  return values;
}

}  // namespace

Value CheckedValue(const ConfigKey& key, const Item& item, const toml::node& part,
                   const std::string& directory) {
  const std::optional<Value> value = ScalarOf(part);
  const std::string place = item.is_override ? item.place : item.PlaceOf(part);
  if (!value) {
    throw InputError(place, item.name + " is " + KindOf(part) + ", must be a single value",
                     part.is_array() || part.is_table()
                         ? "an axis stands under [grid]: \"" + item.name + "\" = [v, ...]"
                         : item.name + ": " + std::string(key.description));
  }
  return Checked(key, *value, place, directory);
}

std::vector<Value> AxisValues(const ConfigKey& key, const Item& item,
                              const std::string& directory) {
  if (const toml::array* array = item.node->as_array()) {
    return ListedValues(key, item, *array, directory);
  }
  const toml::table* table = item.node->as_table();
  if (table == nullptr) {
    throw InputError(item.place, item.name + " is a single value, no axis",
                     std::string(kForms) + "; a single value belongs in its section");
  }
  const Generator generator = GeneratorOf(item, *table);
  std::vector<Value> values =
      generator.form == "range" ? RangeValues(item, generator) : SpacedValues(key, item, generator);
  for (Value& value : values) value = Checked(key, value, generator.place, directory);
  return values;
}

std::vector<Value> Alternatives(const ConfigKey& key, const Item& item,
                                const std::string& directory) {
  if (const toml::array* array = item.node->as_array()) {
    return ListedValues(key, item, *array, directory);
  }
  return {CheckedValue(key, item, *item.node, directory)};
}

double RoundedTo12Digits(double value) {
  std::array<char, 40> digits;
  const auto text = std::to_chars(digits.data(), digits.data() + digits.size(), value,
                                  std::chars_format::scientific, 11);
  double rounded = value;
  std::from_chars(digits.data(), text.ptr, rounded);
  return rounded;
}

}  // namespace crease::sweep
