#include "lib/sweep/record_spec.h"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <tuple>

#include "lib/train/config_keys.h"

namespace crease::sweep {
namespace {

using train::StepSchedule;
using Form = StepSchedule::Form;

constexpr std::string_view kScheduleForms =
    "write \"auto\", \"off\", { every = 10 }, { per_decade = 32 } or { at = [0, 10, 100] }; a "
    "table "
    "may have from and to, too, the first and last step";
constexpr std::int64_t kMostSteps = 1'000'000'000;
constexpr std::int64_t kMostPerDecade = 10'000;

// A named part of an item, with the place to blame.
struct Part {
  const Item* item;
  std::string name;  // "record.activations.points"
  const toml::node* node;

  std::string place() const { return item->is_override ? item->place : item->PlaceOf(*node); }
};

std::int64_t IntegerOf(const Part& part, std::int64_t least, std::int64_t most) {
  const auto* integer = part.node->as_integer();
  if (integer != nullptr && integer->get() >= least && integer->get() <= most) {
    return integer->get();
  }
  throw InputError(part.place(),
                   part.name + " is " +
                       (integer != nullptr ? std::to_string(integer->get()) : KindOf(*part.node)) +
                       ", must be an integer in " + std::to_string(least) + " ... " +
                       std::to_string(most),
                   "a number of steps, or of points");
}

std::int64_t PointsOf(const Part& part) {
  const auto* text = part.node->as_string();
  if (text != nullptr && text->get() == "all") return 0;
  if (!part.node->is_integer()) {
    throw InputError(part.place(), part.name + " is neither a number of points nor \"all\"",
                     "write points = 64, or points = \"all\"");
  }
  return IntegerOf(part, 1, kMostSteps);
}

// The members of the item's table in the order of the file, their names checked.
std::vector<Part> PartsOf(const Item& item, const std::vector<std::string>& known,
                          std::string_view remedy) {
  const toml::table* table = item.node->as_table();
  if (table == nullptr) {
    throw InputError(item.place, item.name + " is " + KindOf(*item.node) + ", must be a table",
                     std::string(remedy));
  }
  std::vector<Part> parts;
  for (const auto& [key, node] : *table) {
    const std::string name(key.str());
    bool is_known = false;
    for (const std::string& candidate : known) is_known = is_known || candidate == name;
    const std::string place = item.document->At(key.source());
    if (!is_known) throw UnknownName(place, "key of " + item.name + ":", name, known);
    parts.push_back({&item, item.name + "." + name, &node});
  }
  std::sort(parts.begin(), parts.end(), [](const Part& a, const Part& b) {
    const toml::source_position at = a.node->source().begin, other = b.node->source().begin;
    return std::tie(at.line, at.column) < std::tie(other.line, other.column);
  });
  return parts;
}

StepSchedule AtSteps(const Part& part) {
  const toml::array* array = part.node->as_array();
  if (array == nullptr || array->empty()) {
    throw InputError(part.place(), part.name + " must be an array of steps",
                     "write at = [0, 10, 100]");
  }
  StepSchedule schedule{.form = Form::kAt};
  for (const toml::node& element : *array) {
    const std::int64_t step = IntegerOf({part.item, part.name, &element}, 0, kMostSteps);
    if (!schedule.at.empty() && step <= schedule.at.back()) {
      throw InputError(Part{part.item, part.name, &element}.place(),
                       part.name + " does not increase at " + std::to_string(step),
                       "write each step once, in increasing order");
    }
    schedule.at.push_back(step);
  }
  return schedule;
}

bool IsWord(const Item& item, std::string_view word) {
  const auto* text = item.node->as_string();
  return text != nullptr && text->get() == word;
}

[[noreturn]] void RefuseWord(const Item& item, std::string_view remedy) {
  throw InputError(item.place, item.name + " is \"" + item.node->as_string()->get() + "\"",
                   std::string(remedy));
}

// `points`: nullptr where the item has no points. A table of points alone keeps the schedule.
void ReadSchedule(const Item& item, StepSchedule& schedule, std::int64_t* points = nullptr) {
  if (IsWord(item, "auto") || IsWord(item, "off")) {
    schedule = IsWord(item, "auto") ? StepSchedule::Auto() : StepSchedule::Off();
    return;
  }
  if (item.node->is_string()) RefuseWord(item, kScheduleForms);
  std::vector<std::string> known = {"every", "per_decade", "at", "from", "to"};
  if (points != nullptr) known.push_back("points");
  std::string form;
  std::int64_t from = 0, to = StepSchedule::kToEnd;
  for (const Part& part : PartsOf(item, known, kScheduleForms)) {
    if (part.name.ends_with(".points")) {
      *points = PointsOf(part);
      continue;
    }
    if (part.name.ends_with(".from") || part.name.ends_with(".to")) {
      (part.name.ends_with(".to") ? to : from) = IntegerOf(part, 0, kMostSteps);
      continue;
    }
    if (!form.empty()) {
      throw InputError(part.place(),
                       item.name + " has two schedules, " + form + " and " + part.name,
                       std::string(kScheduleForms));
    }
    form = part.name;
    if (form.ends_with(".every")) schedule = StepSchedule::Every(IntegerOf(part, 1, kMostSteps));
    if (form.ends_with(".at")) schedule = AtSteps(part);
    if (form.ends_with(".per_decade")) {
      schedule = {.form = Form::kPerDecade, .per_decade = IntegerOf(part, 1, kMostPerDecade)};
    }
  }
  if (form.empty() && points == nullptr) {
    throw InputError(item.place, item.name + " names no schedule", std::string(kScheduleForms));
  }
  if (from > to) {
    throw InputError(item.place, item.name + " ends before it begins", "let from be at most to");
  }
  schedule.from = from;
  schedule.to = to;
}

// {every = n} and nothing else.
std::int64_t ReadEvery(const Item& item, std::string_view remedy) {
  if (item.node->is_string()) RefuseWord(item, remedy);
  const std::vector<Part> parts = PartsOf(item, {"every"}, remedy);
  if (parts.empty()) throw InputError(item.place, item.name + " is empty", std::string(remedy));
  return IntegerOf(parts.front(), 1, kMostSteps);
}

void ReadBursts(const Item& item, train::RecordOptions& record) {
  constexpr std::string_view kForms =
      "write \"off\" or { before = 200, after = 200, points = \"all\" }";
  record.bursts = !IsWord(item, "off");
  if (!record.bursts) return;
  if (item.node->is_string()) RefuseWord(item, kForms);
  for (const Part& part : PartsOf(item, {"before", "after", "points"}, kForms)) {
    if (part.name.ends_with(".points")) record.burst_points = PointsOf(part);
    if (part.name.ends_with(".before")) {
      record.burst_before_steps = IntegerOf(part, 0, kMostSteps);
    }
    if (part.name.ends_with(".after")) record.burst_after_steps = IntegerOf(part, 0, kMostSteps);
  }
}

void ReadItem(const Item& item, train::RecordOptions& record) {
  if (item.name == "record.scalars") {
    record.scalars = StepSchedule::Every(ReadEvery(item, "write { every = 1 }"));
  } else if (item.name == "record.weights") {
    ReadSchedule(item, record.weights);
  } else if (item.name == "record.activations") {
    ReadSchedule(item, record.activations, &record.activation_points);
  } else if (item.name == "record.gradients") {
    ReadSchedule(item, record.gradients);
  } else if (item.name == "record.test") {
    ReadSchedule(item, record.test);
  } else if (item.name == "record.bursts") {
    ReadBursts(item, record);
  } else if (item.name == "record.checkpoint") {
    record.checkpoint_every_steps =
        IsWord(item, "off") ? 0 : ReadEvery(item, "write \"off\" or { every = 2000 }");
  }
}

}  // namespace

train::RecordOptions ParseRecord(const std::vector<Item>& items) {
  train::RecordOptions record;
  for (const Item& item : items) ReadItem(item, record);
  return record;
}

train::RecordOptions OverrideRecord(train::RecordOptions record,
                                    const std::vector<std::string>& assignments) {
  Draft draft;
  for (const std::string& assignment : assignments) ApplyOverride("record." + assignment, draft);
  for (const Item& item : draft.record) ReadItem(item, record);
  return record;
}

}  // namespace crease::sweep
