#include "lib/sweep/draft.h"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <utility>

#include "lib/train/config_keys.h"

namespace crease::sweep {
namespace {

const std::vector<std::string> kSweepNames = {"sweep.name", "sweep.question"};
const std::vector<std::string> kRecordNames = {
    "record.scalars", "record.weights", "record.activations", "record.gradients",
    "record.test",    "record.bursts",  "record.checkpoint"};
const std::vector<std::string> kSections = {"data", "model", "train"};

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::vector<std::string> ConfigNames() {
  std::vector<std::string> names;
  for (const train::ConfigKey& key : train::ConfigKeys()) names.emplace_back(key.name);
  return names;
}

std::vector<std::string> AllNames() {
  std::vector<std::string> names = ConfigNames();
  names.insert(names.end(), kSweepNames.begin(), kSweepNames.end());
  names.insert(names.end(), kRecordNames.begin(), kRecordNames.end());
  return names;
}

Item MakeItem(const std::shared_ptr<const Document>& document, const std::string& name,
              const toml::key& key, const toml::node& node) {
  return {.name = name,
          .node = &node,
          .document = document,
          .place = document->At(key.source()),
          .position = key.source().begin};
}

const toml::table& TableOf(const Item& item, const std::string& remedy) {
  if (const toml::table* table = item.node->as_table()) return *table;
  throw InputError(item.place, item.name + " is " + KindOf(*item.node) + ", must be a table",
                   remedy);
}

// The children of [section] as "section.key".
std::vector<Item> SectionItems(const Item& section, const std::vector<std::string>& known) {
  std::vector<Item> items;
  const toml::table& table = TableOf(section, "write [" + section.name + "] on a line of its own");
  for (const auto& [key, node] : table) {
    const std::string name = section.name + "." + std::string(key.str());
    items.push_back(MakeItem(section.document, name, key, node));
    if (!Contains(known, name)) throw UnknownName(items.back().place, "key", name, known);
  }
  return items;
}

void RefuseTwice(std::vector<Item>& items) {
  std::sort(items.begin(), items.end(), [](const Item& a, const Item& b) {
    return std::tie(a.position.line, a.position.column) <
           std::tie(b.position.line, b.position.column);
  });
  for (std::size_t i = 0; i < items.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (items[i].name != items[j].name) continue;
      throw InputError(items[i].place, items[i].name + " is already given at " + items[j].place,
                       "remove one of the two");
    }
  }
}

// Keys of [grid], [[zip]] and [[exclude]]: "model.width", or width in a table model.
std::vector<Item> ConfigItems(const std::shared_ptr<const Document>& document,
                              const toml::table& table) {
  static const std::vector<std::string> known = ConfigNames();
  std::vector<Item> items;
  for (const auto& [key, node] : table) {
    const std::string name(key.str());
    Item item = MakeItem(document, name, key, node);
    if (Contains(kSections, name) && node.is_table()) {
      for (Item& nested : SectionItems(item, known)) items.push_back(std::move(nested));
      continue;
    }
    if (!Contains(known, name)) throw UnknownName(item.place, "key", name, known);
    items.push_back(std::move(item));
  }
  RefuseTwice(items);
  return items;
}

// The tables of [[zip]] or [[exclude]].
std::vector<ItemGroup> GroupsOf(const Item& item) {
  const toml::array* array = item.node->as_array();
  const std::string remedy = "write [[" + item.name + "]] on a line of its own";
  if (array == nullptr) {
    throw InputError(item.place,
                     item.name + " is " + KindOf(*item.node) + ", must be an array of tables",
                     remedy);
  }
  std::vector<ItemGroup> groups;
  for (const toml::node& element : *array) {
    const std::string place = item.PlaceOf(element);
    const toml::table* table = element.as_table();
    if (table == nullptr) {
      throw InputError(place, item.name + " holds " + KindOf(element) + ", must hold tables",
                       remedy);
    }
    groups.push_back({.items = ConfigItems(item.document, *table),
                      .is_zip = item.name == "zip",
                      .place = place,
                      .position = element.source().begin});
    if (groups.back().items.empty()) {
      throw InputError(place, "this [[" + item.name + "]] names no key",
                       "add a key, as \"model.norm\" = [\"unit\", \"layernorm\"], or remove it");
    }
  }
  return groups;
}

void AddGrid(const Item& grid, Draft& draft) {
  const toml::table& table = TableOf(grid, "write [grid] on a line of its own");
  for (Item& item : ConfigItems(grid.document, table)) {
    ItemGroup group{.items = {}, .place = item.place, .position = item.position};
    group.items.push_back(std::move(item));
    draft.axes.push_back(std::move(group));
  }
}

void SortAxes(Draft& draft) {
  std::stable_sort(draft.axes.begin(), draft.axes.end(),
                   [](const ItemGroup& a, const ItemGroup& b) {
                     return std::tie(a.position.line, a.position.column) <
                            std::tie(b.position.line, b.position.column);
                   });
  std::vector<const Item*> seen;
  for (const ItemGroup& axis : draft.axes) {
    for (const Item& item : axis.items) {
      for (const Item* other : seen) {
        if (other->name != item.name) continue;
        throw InputError(item.place, item.name + " is in two axes: here and at " + other->place,
                         "keep it in one of [grid] and [[zip]]");
      }
      seen.push_back(&item);
    }
  }
}

Error UnknownTopLevel(const Item& item) {
  if (Contains(ConfigNames(), item.name)) {
    const std::size_t dot = item.name.find('.');
    return InputError(item.place, item.name + " stands at the top level",
                      "write " + item.name.substr(dot + 1) + " under [" + item.name.substr(0, dot) +
                          "], or an axis under [grid]");
  }
  static const std::vector<std::string> known = {"sweep", "data", "model", "train",  "record",
                                                 "grid",  "zip",  "seed",  "exclude"};
  const bool is_table = item.node->is_table() || item.node->is_array_of_tables();
  std::vector<std::string> candidates = known;
  if (!is_table) {
    const std::vector<std::string> names = AllNames();
    candidates.insert(candidates.end(), names.begin(), names.end());
  }
  return UnknownName(item.place, is_table ? "table" : "key", item.name, candidates);
}

void AddTopLevel(const Item& item, Draft& draft) {
  static const std::vector<std::string> config_names = ConfigNames();
  if (item.name == "sweep") {
    draft.sweep = SectionItems(item, kSweepNames);
  } else if (item.name == "record") {
    draft.record = SectionItems(item, kRecordNames);
  } else if (item.name == "seed") {
    draft.base.push_back(item);
  } else if (Contains(kSections, item.name)) {
    for (Item& child : SectionItems(item, config_names)) draft.base.push_back(std::move(child));
  } else if (item.name == "grid") {
    AddGrid(item, draft);
  } else if (item.name == "zip") {
    for (ItemGroup& group : GroupsOf(item)) draft.axes.push_back(std::move(group));
  } else if (item.name == "exclude") {
    draft.exclusions = GroupsOf(item);
  } else {
    throw UnknownTopLevel(item);
  }
}

// Of the section that a name starts with ("" for none), or of all if they are few.
std::string KnownNames(const std::string& section, const std::vector<std::string>& known) {
  constexpr std::size_t kFew = 12;
  std::string list;
  for (const std::string& name : known) {
    const bool listed = section.empty() ? known.size() <= kFew : name.starts_with(section);
    if (listed) list += (list.empty() ? "known are " : ", ") + name;
  }
  if (!list.empty()) return list;
  return "keys are seed, and section.key with the sections data, model and train: model.width";
}

void Replace(std::vector<Item>& items, Item&& item) {
  const auto found = std::find_if(items.begin(), items.end(),
                                  [&](const Item& other) { return other.name == item.name; });
  if (found == items.end()) {
    items.push_back(std::move(item));
  } else {
    *found = std::move(item);
  }
}

void OverrideConfig(Item&& item, Draft& draft) {
  draft.overridden.push_back(item.name);
  const bool is_axis = item.node->is_array() || item.node->is_table();
  const auto axis = std::find_if(draft.axes.begin(), draft.axes.end(), [&](const ItemGroup& group) {
    return FindItem(group.items, item.name) != nullptr;
  });
  if (axis == draft.axes.end()) {
    if (!is_axis) return Replace(draft.base, std::move(item));
    ItemGroup group{.items = {}, .place = item.place};
    group.items.push_back(std::move(item));
    draft.axes.push_back(std::move(group));
    return;
  }
  if (is_axis) {
    if (!axis->is_zip) axis->place = item.place;
    return Replace(axis->items, std::move(item));
  }
  if (axis->is_zip) {
    throw InputError(
        item.place,
        item.name + " is one of the keys that advance together in the [[zip]] at " + axis->place,
        "give an array with a value for each position of the zip, or take " + item.name +
            " out of it");
  }
  draft.axes.erase(axis);
  Replace(draft.base, std::move(item));
}

}  // namespace

Draft MakeDraft(const std::shared_ptr<const Document>& file) {
  Draft draft;
  for (const auto& [key, node] : file->root()) {
    AddTopLevel(MakeItem(file, std::string(key.str()), key, node), draft);
  }
  SortAxes(draft);
  return draft;
}

void ApplyOverride(const std::string& assignment, Draft& draft) {
  std::shared_ptr<const Document> document = Document::FromAssignment(assignment);
  const std::string& name = document->assigned_key();
  const train::ConfigKey* key = train::FindConfigKey(name);
  const bool is_sweep = Contains(kSweepNames, name), is_record = Contains(kRecordNames, name);
  if (key == nullptr && !is_sweep && !is_record) {
    throw UnknownName("--set " + assignment, "key", name, AllNames());
  }
  // What is a string in any case need not be quoted: --set data.target=3.
  const toml::node& value = document->assigned_value();
  const bool is_text = is_sweep || (key != nullptr && key->type == train::ValueType::kString);
  if (is_text && !value.is_string() && !value.is_array() && !value.is_table()) {
    document = document->WithBareString();
  }
  Item item{.name = document->assigned_key(),
            .node = &document->assigned_value(),
            .document = document,
            .place = "--set " + assignment,
            .is_override = true};
  if (is_sweep) return Replace(draft.sweep, std::move(item));
  if (is_record) return Replace(draft.record, std::move(item));
  OverrideConfig(std::move(item), draft);
}

const Item* FindItem(const std::vector<Item>& items, const std::string& name) {
  const auto found =
      std::find_if(items.begin(), items.end(), [&](const Item& item) { return item.name == name; });
  return found == items.end() ? nullptr : &*found;
}

const ItemGroup* FindAxis(const Draft& draft, const std::string& name) {
  for (const ItemGroup& axis : draft.axes) {
    if (FindItem(axis.items, name) != nullptr) return &axis;
  }
  return nullptr;
}

std::string KindOf(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "an array";
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "an integer";
    case toml::node_type::floating_point:
      return "a number";
    case toml::node_type::boolean:
      return "a boolean";
    default:
      return "a date or time";
  }
}

Error UnknownName(const std::string& place, const std::string& what, const std::string& name,
                  const std::vector<std::string>& known) {
  const std::string nearest = train::NearestName(name, known);
  std::string remedy = "did you mean " + nearest + "?";
  if (nearest.empty()) remedy = KnownNames(name.substr(0, name.find('.') + 1), known);
  return InputError(place, "unknown " + what + " " + name, remedy);
}

}  // namespace crease::sweep
