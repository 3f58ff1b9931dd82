#include <array>
#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>

#include "lib/train/config_keys.h"
#include "lib/train/key_makers.h"

namespace crease::train {
namespace {

std::string_view KindOf(const Value& value) {
  constexpr std::array<std::string_view, 4> kKinds = {"a boolean", "an integer", "a number",
                                                      "a string"};
  return kKinds[value.index()];
}

std::string Requirement(const ConfigKey& key) {
  std::string text;
  switch (key.type) {
    case ValueType::kBool:
      return "must be true or false";
    case ValueType::kInteger:
      text = "must be an integer";
      break;
    case ValueType::kReal:
      text = "must be a number";
      break;
    case ValueType::kString:
      return key.choices.empty() ? "must be a string" : "must be one of " + ListOf(key.choices);
  }
  if (!key.range.empty()) text += " " + key.range;
  if (!key.word.empty()) text += ", or \"" + std::string(key.word) + "\"";
  return text;
}

std::string Quoted(const Value& value) {
  const std::string text = ToString(value);
  return std::holds_alternative<std::string>(value) ? "\"" + text + "\"" : text;
}

}  // namespace

std::string SetConfigValue(const ConfigKey& key, const Value& value, RunConfig& config) {
  const auto* text = std::get_if<std::string>(&value);
  const auto* integer = std::get_if<std::int64_t>(&value);
  if (text != nullptr && !key.word.empty() && *text == key.word) {
    return key.set(key.word_value, config);
  }
  Value wanted = value;
  if (key.type == ValueType::kReal && integer != nullptr) wanted = static_cast<double>(*integer);
  if (wanted.index() != static_cast<std::size_t>(key.type)) {
    if (text != nullptr) return "is " + Quoted(value) + ", " + Requirement(key);
    return "is " + std::string(KindOf(value)) + " (" + Quoted(value) + "), " + Requirement(key);
  }
  // The number that a word stands for is written as the word.
  if (!key.word.empty() && integer != nullptr && *integer == key.word_value) {
    return "is " + Quoted(value) + ", " + Requirement(key);
  }
  const std::string wrong = key.set(wanted, config);
  if (wrong.empty()) return "";
  const bool is_number = key.type == ValueType::kInteger || key.type == ValueType::kReal;
  return "is " + Quoted(value) + ", " + (is_number ? Requirement(key) : wrong);
}

std::string ToString(const Value& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return std::to_string(*integer);
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  const double real = std::get<double>(value);
  std::array<char, 32> digits;
  const auto result =
      std::to_chars(digits.data(), digits.data() + digits.size(), real == 0 ? 0.0 : real);
  return {digits.data(), result.ptr};
}

}  // namespace crease::train
