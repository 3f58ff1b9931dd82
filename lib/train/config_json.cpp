#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "lib/core/error.h"
#include "lib/core/hash.h"
#include "lib/core/numerics_version.h"
#include "lib/data/dataset.h"
#include "lib/train/config_keys.h"

namespace crease::train {
namespace {

using nlohmann::json;

std::string JsonString(std::string_view text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
  });
  if (plain) return '"' + std::string(text) + '"';
  return json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

// The word where the value is what the word stands for, so that JSON reads as a sweep file does.
std::string JsonValue(const ConfigKey& key, const Value& value) {
  const auto* integer = std::get_if<std::int64_t>(&value);
  if (!key.word.empty() && integer != nullptr && *integer == key.word_value) {
    return JsonString(key.word);
  }
  const auto* text = std::get_if<std::string>(&value);
  return text != nullptr ? JsonString(*text) : ToString(value);
}

Error Damaged(const std::string& what) {
  return DamagedError("configuration", what,
                      "the store was written by another version, or is damaged");
}

Value ValueOf(const json& element, const std::string& name) {
  if (element.is_boolean()) return element.get<bool>();
  if (element.is_number_float()) return element.get<double>();
  if (element.is_number_unsigned() && element.get<std::uint64_t>() > INT64_MAX) {
    throw Damaged(name + " is out of range");
  }
  if (element.is_number_integer()) return element.get<std::int64_t>();
  if (element.is_string()) return element.get<std::string>();
  throw Damaged(name + " is neither number, string nor boolean");
}

void SetFromJson(const std::string& name, const json& element, RunConfig& config) {
  if (name == "data.digest" && element.is_string()) {
    config.data_digest = element.get<std::string>();
    return;
  }
  const ConfigKey* key = FindConfigKey(name);
  if (key == nullptr) throw Damaged("unknown key " + name);
  const std::string wrong = SetConfigValue(*key, ValueOf(element, name), config);
  if (!wrong.empty()) throw Damaged(name + " " + wrong);
}

// The JSON of a configuration, and where its seed stands in it.
struct TextOfConfig {
  RunConfig config;
  std::string text;
  const ConfigKey* seed = nullptr;
  std::size_t seed_begin = 0, seed_end = 0;
};

TextOfConfig Write(const RunConfig& config) {
  TextOfConfig written{.config = config, .text = "{"};
  std::string& text = written.text;
  std::string_view open_section;
  for (const ConfigKey& key : ConfigKeys()) {
    if (key.section() != open_section) {
      if (!open_section.empty()) text += "},";
      open_section = key.section();
      if (!open_section.empty()) text += JsonString(open_section) + ":{";
      if (open_section == "data" && !config.data_digest.empty()) {
        text += "\"digest\":" + JsonString(config.data_digest) + ",";
      }
    } else if (text.size() > 1) {
      text += ",";
    }
    text += JsonString(key.short_name()) + ":";
    const std::size_t begin = text.size();
    text += JsonValue(key, key.get(config));
    if (key.name != "seed") continue;
    written.seed = &key;
    written.seed_begin = begin;
    written.seed_end = text.size();
  }
  text += open_section.empty() ? "}" : "}}";
  return written;
}

}  // namespace

bool SameInSection(std::string_view section, const RunConfig& a, const RunConfig& b) {
  if (a.data_digest != b.data_digest) return false;
  for (const ConfigKey& key : ConfigKeys()) {
    if (key.section() == section && !key.same(a, b)) return false;
  }
  return true;
}

bool SameButForSeed(const RunConfig& a, const RunConfig& b) {
  if (a.data_digest != b.data_digest) return false;
  for (const ConfigKey& key : ConfigKeys()) {
    if (key.name != "seed" && !key.same(a, b)) return false;
  }
  return true;
}

std::string ToJson(const RunConfig& config) {
  // Most runs of a sweep differ from the one before in their seed alone.
  thread_local TextOfConfig last;
  if (last.text.empty() || !SameButForSeed(config, last.config)) last = Write(config);
  std::string text;
  text.reserve(last.text.size() + 20);
  text.append(last.text, 0, last.seed_begin);
  text += JsonValue(*last.seed, last.seed->get(config));
  text.append(last.text, last.seed_end);
  return text;
}

RunConfig ConfigFromJson(std::string_view text) {
  const json root = json::parse(text, nullptr, false);
  if (!root.is_object()) throw Damaged("is no JSON object");
  RunConfig config;
  for (const auto& [name, element] : root.items()) {
    if (!element.is_object()) {
      SetFromJson(name, element, config);
      continue;
    }
    for (const auto& [short_name, value] : element.items()) {
      SetFromJson(name + "." + short_name, value, config);
    }
  }
  return config;
}

std::string RunId(const RunConfig& config) {
  RunConfig canonical = config;
  canonical.data = data::WithTaskDefaults(config.data);
  if (!canonical.data_digest.empty()) {
    // Contents make the identity of the user's files, wherever they lie.
    canonical.data.path.clear();
    canonical.data.labels.clear();
    canonical.data.test_path.clear();
    canonical.data.test_labels.clear();
  }
  return HexDigestOf(ToJson(canonical) + "\nnumerics " + std::to_string(kNumericsVersion));
}

}  // namespace crease::train
