// In: TOML. Out: the keys of a sweep file sorted by what they are for, overrides applied, names
// checked, values not yet.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <toml++/toml.h>

#include "lib/core/error.h"
#include "lib/sweep/toml_document.h"

namespace crease::sweep {

// One key with its value.
struct Item {
  std::string name;  // "model.width", "record.weights", "sweep.name"
  const toml::node* node = nullptr;
  std::shared_ptr<const Document> document;  // owns node
  std::string place;                         // of the key
  toml::source_position position = {};
  bool is_override = false;

  std::string PlaceOf(const toml::node& part) const { return document->At(part.source()); }
};

struct ItemGroup {  // an axis (one item, or the items of a zip), or an exclusion
  std::vector<Item> items;
  bool is_zip = false;
  std::string place;
  toml::source_position position = {};
};

struct Draft {
  std::vector<Item> sweep, record;
  std::vector<Item> base;
  std::vector<ItemGroup> axes;  // in the file's order; axes of overrides last
  std::vector<ItemGroup> exclusions;
  std::vector<std::string> overridden;  // names of configuration keys
};

// Throws Error(kInput) for unknown names, keys in two axes and tables where they do not belong.
Draft MakeDraft(const std::shared_ptr<const Document>& file);
void ApplyOverride(const std::string& assignment, Draft& draft);

const Item* FindItem(const std::vector<Item>& items, const std::string& name);
const ItemGroup* FindAxis(const Draft& draft, const std::string& name);

// "an array", "a string", ... for messages.
std::string KindOf(const toml::node& node);

// Unknown name, with the nearest of `known` as the remedy.
Error UnknownName(const std::string& place, const std::string& what, const std::string& name,
                  const std::vector<std::string>& known);

}  // namespace crease::sweep
