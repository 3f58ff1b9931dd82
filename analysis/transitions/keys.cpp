#include "analysis/transitions/keys.h"

#include <algorithm>

#include "lib/core/error.h"
#include "lib/store/columns.h"

namespace crease::transitions {
namespace {

const train::ConfigKey* Find(const std::string& name) {
  for (const train::ConfigKey& key : train::ConfigKeys()) {
    if (key.name == name || store::CoordinateName(key) == name) return &key;
  }
  return nullptr;
}

std::string Remedy(const std::string& name) {
  std::vector<std::string> known;
  for (const train::ConfigKey& key : train::ConfigKeys()) known.emplace_back(key.name);
  const std::string nearest = train::NearestName(name, known);
  return (nearest.empty() ? "" : "did you mean " + nearest + "? ") +
         "keys are those of sweep files, as width, train.lr, seed";
}

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

}  // namespace

std::vector<const train::ConfigKey*> ParseKeys(const std::string& option, std::string_view list) {
  std::vector<const train::ConfigKey*> keys;
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    const std::string name(Trimmed(list.substr(begin, end - begin)));
    const train::ConfigKey* key = Find(name);
    if (name.empty()) {
      throw InputError(option, "names no key", "give keys with commas between: width,depth");
    }
    if (key == nullptr) {
      throw InputError(option + " " + name, "there is no such configuration key", Remedy(name));
    }
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) {
      throw InputError(option + " " + name, "comes twice", "leave one of them out");
    }
    keys.push_back(key);
    begin = end + 1;
  }
  return keys;
}

}  // namespace crease::transitions
