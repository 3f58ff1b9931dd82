#include "lib/sweep/spec.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <utility>

#include "lib/core/error.h"
#include "lib/sweep/axis_values.h"
#include "lib/sweep/cells.h"
#include "lib/sweep/draft.h"
#include "lib/sweep/record_spec.h"

namespace crease::sweep {
namespace {

using train::ConfigKey;

constexpr std::size_t kLargestFileBytes = 4u << 20;

std::string TextOf(const std::vector<Item>& items, const std::string& name) {
  const Item* item = FindItem(items, name);
  if (item == nullptr) return "";
  if (const auto* text = item->node->as_string()) return text->get();
  throw InputError(item->place, name + " is " + KindOf(*item->node) + ", must be a string",
                   "put it in quotes");
}

std::string NameOf(const Draft& draft, const std::string& path) {
  std::string name = TextOf(draft.sweep, "sweep.name");
  const Item* item = FindItem(draft.sweep, "sweep.name");
  const std::string remedy = "write name = \"spiral\" under [sweep]: letters, digits, - and _";
  if (item == nullptr) throw InputError(path + ":1:1", "sweep.name is missing", remedy);
  constexpr std::size_t kLongestName = 100;
  const bool good = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
  if (name.empty() || name.size() > kLongestName || !good) {
    throw InputError(item->place, "sweep.name \"" + name + "\" is no name of a file", remedy);
  }
  return name;
}

void SetBase(const Draft& draft, const std::string& directory, Spec& spec) {
  for (const Item& item : draft.base) {
    const ConfigKey* key = train::FindConfigKey(item.name);
    key->set(CheckedValue(*key, item, *item.node, directory), spec.base);
  }
}

void RefuseDuplicates(const Axis& axis, const ItemGroup& group) {
  std::map<std::vector<train::Value>, std::size_t> seen;
  for (std::size_t position = 0; position < axis.values.front().size(); ++position) {
    std::vector<train::Value> row;
    std::string text;
    for (std::size_t k = 0; k < axis.keys.size(); ++k) {
      row.push_back(axis.values[k][position]);
      text += (k == 0 ? "" : ", ") + train::ToString(row.back());
    }
    const auto [first, is_new] = seen.emplace(std::move(row), position);
    if (is_new) continue;
    std::string what = group.is_zip ? "this [[zip]]" : group.items.front().name;
    throw InputError(group.place,
                     what + " has " + text + " twice, at positions " +
                         std::to_string(first->second + 1) + " and " + std::to_string(position + 1),
                     "remove one of the two: equal values are the same runs");
  }
}

Axis MakeAxis(const ItemGroup& group, const std::string& directory) {
  Axis axis{.keys = {}, .values = {}, .place = group.place};
  for (const Item& item : group.items) {
    const ConfigKey* key = train::FindConfigKey(item.name);
    axis.keys.push_back(key);
    axis.values.push_back(AxisValues(*key, item, directory));
    if (axis.values.back().size() == axis.values.front().size()) continue;
    throw InputError(item.place,
                     item.name + " has " + std::to_string(axis.values.back().size()) +
                         " values, but " + group.items.front().name + " has " +
                         std::to_string(axis.values.front().size()),
                     "keys of one [[zip]] advance together: give them equally many values");
  }
  RefuseDuplicates(axis, group);
  return axis;
}

// Without a word about the head's bias it follows the others'.
void LetHeadBiasFollow(const Draft& draft, Spec& spec) {
  const ConfigKey* bias = train::FindConfigKey("model.bias");
  const ConfigKey* head = train::FindConfigKey("model.head_bias");
  if (FindItem(draft.base, "model.head_bias") || FindAxis(draft, "model.head_bias")) return;
  spec.base.model.head_bias = spec.base.model.bias;
  for (Axis& axis : spec.axes) {
    const auto found = std::find(axis.keys.begin(), axis.keys.end(), bias);
    if (found == axis.keys.end()) continue;
    const auto column = static_cast<std::size_t>(found - axis.keys.begin());
    axis.keys.push_back(head);
    axis.values.push_back(std::vector<train::Value>(axis.values[column]));
  }
}

Exclusion MakeExclusion(const ItemGroup& group, const std::string& directory) {
  Exclusion exclusion;
  for (const Item& item : group.items) {
    const ConfigKey* key = train::FindConfigKey(item.name);
    exclusion.keys.push_back(key);
    exclusion.values.push_back(Alternatives(*key, item, directory));
  }
  return exclusion;
}

void RefuseHugeGrid(const Spec& spec) {
  if (CellCount(spec.axes, kMostRuns) <= kMostRuns) return;
  const auto longest =
      std::max_element(spec.axes.begin(), spec.axes.end(), [](const Axis& a, const Axis& b) {
        return a.values.front().size() < b.values.front().size();
      });
  throw InputError(longest->place, "the grid has more than " + std::to_string(kMostRuns) + " runs",
                   "shorten an axis (this is the longest), or split the sweep");
}

std::string PlaceToBlame(const train::Inconsistency& wrong, const Draft& draft,
                         const std::string& path) {
  for (const std::string& name : {wrong.key, wrong.other_key}) {
    const ItemGroup* axis = FindAxis(draft, name);
    if (axis != nullptr) return FindItem(axis->items, name)->place;
  }
  for (const std::string& name : {wrong.key, wrong.other_key}) {
    const Item* item = FindItem(draft.base, name);
    if (item != nullptr) return item->place;
  }
  return path + ":1:1";
}

// Consistency does not depend on the seed, so that one seed of each cell is enough unless an
// exclusion names seeds.
Spec WithOneSeed(const Spec& spec) {
  const ConfigKey* seed = train::FindConfigKey("seed");
  Spec reduced{.name = "",
               .question = "",
               .path = "",
               .text = "",
               .overrides = {},
               .base = spec.base,
               .record = {},
               .axes = {},
               .exclusions = spec.exclusions,
               .warnings = {}};
  bool excludes_seeds = false;
  for (const Exclusion& exclusion : spec.exclusions) {
    excludes_seeds |= std::count(exclusion.keys.begin(), exclusion.keys.end(), seed) > 0;
  }
  for (const Axis& axis : spec.axes) {
    const bool is_seed = axis.keys.size() == 1 && axis.keys.front() == seed;
    if (is_seed && !excludes_seeds) {
      reduced.axes.push_back({axis.keys, {{axis.values.front().front()}}, axis.place});
    } else {
      reduced.axes.push_back(axis);
    }
  }
  return reduced;
}

void CheckExclusions(const std::vector<std::int64_t>& matches, const Draft& draft, Spec& spec) {
  for (std::size_t i = 0; i < matches.size(); ++i) {
    if (matches[i] > 0) continue;
    const ItemGroup& group = draft.exclusions[i];
    const bool touched = std::any_of(group.items.begin(), group.items.end(), [&](const Item& item) {
      return std::count(draft.overridden.begin(), draft.overridden.end(), item.name) > 0;
    });
    if (!touched) {
      throw InputError(group.place, "this [[exclude]] matches no cell",
                       "all its keys must match at once: correct a value, or remove it");
    }
    spec.warnings.push_back(group.place + ": this [[exclude]] matches no cell after --set");
  }
}

void CheckCells(const Draft& draft, Spec& spec) {
  std::int64_t cells = 0;
  const auto matches = ForEachCell(WithOneSeed(spec), [&](const train::RunConfig& config) {
    ++cells;
    const train::Inconsistency wrong = train::CheckConsistency(config);
    if (wrong.what.empty()) return;
    const bool has_axis = FindAxis(draft, wrong.key) || FindAxis(draft, wrong.other_key);
    throw InputError(PlaceToBlame(wrong, draft, spec.path), wrong.what,
                     has_axis ? "change one of the two, or leave the cell out with [[exclude]]"
                              : "change " + wrong.key +
                                    (wrong.other_key.empty() ? "" : " or " + wrong.other_key));
  });
  CheckExclusions(matches, draft, spec);
  if (cells == 0) {
    throw InputError(draft.exclusions.front().place, "the exclusions leave no run",
                     "remove an [[exclude]], or add values to an axis");
  }
}

std::string DirectoryOf(const std::string& path) {
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  return parent.empty() ? "." : parent.string();
}

std::string ReadFile(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    throw InputError(path, "is a directory", "name the sweep file itself, as sweeps/spiral.toml");
  }
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             &std::fclose);
  if (file == nullptr) {
    if (errno == ENOENT || errno == ENOTDIR) {
      throw InputError(path,
                       std::string("the sweep file cannot be opened: ") + std::strerror(errno),
                       "check the path");
    }
    throw SystemErrorFromErrno(path, "the sweep file cannot be opened", errno);
  }
  std::string text(kLargestFileBytes + 1, '\0');
  errno = 0;
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get())) {
    throw SystemErrorFromErrno(path, "the sweep file cannot be read", errno);
  }
  if (text.size() > kLargestFileBytes) {
    throw InputError(path, "is larger than 4 MiB: this is no sweep file",
                     "name a sweep file, as sweeps/spiral.toml");
  }
  return text;
}

}  // namespace

Spec ParseSpecFile(const std::string& path, const std::vector<std::string>& overrides) {
  return ParseSpec(ReadFile(path), path, overrides);
}

Spec ParseSpec(const std::string& text, const std::string& path,
               const std::vector<std::string>& overrides) {
  Draft draft = MakeDraft(Document::FromFile(text, path));
  for (const std::string& assignment : overrides) ApplyOverride(assignment, draft);

  Spec spec;
  spec.path = path;
  spec.text = text;
  spec.overrides = overrides;
  spec.name = NameOf(draft, path);
  spec.question = TextOf(draft.sweep, "sweep.question");
  spec.record = ParseRecord(draft.record);
  const std::string directory = DirectoryOf(path);
  SetBase(draft, directory, spec);
  for (const ItemGroup& group : draft.axes) spec.axes.push_back(MakeAxis(group, directory));
  LetHeadBiasFollow(draft, spec);
  for (const ItemGroup& group : draft.exclusions) {
    spec.exclusions.push_back(MakeExclusion(group, directory));
  }
  RefuseHugeGrid(spec);
  CheckCells(draft, spec);
  return spec;
}

}  // namespace crease::sweep
