#include "lib/train/schedule.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <optional>

#include <nlohmann/json.hpp>

#include "lib/core/error.h"
#include "lib/core/portable_math.h"

namespace crease::train {
namespace {

using nlohmann::ordered_json;
using Form = StepSchedule::Form;

std::int64_t AutoStride(double at_least, std::int64_t last_step) {
  std::int64_t stride = 1;
  for (int k = 0; static_cast<double>(stride) < at_least && stride < last_step; ++k) {
    stride = k % 3 == 1 ? stride / 2 * 5 : stride * 2;
  }
  return stride;
}

std::vector<std::int64_t> Every(std::int64_t stride, std::int64_t last_step) {
  std::vector<std::int64_t> steps;
  for (std::int64_t step = 0; step <= last_step; step += stride) steps.push_back(step);
  return steps;
}

std::vector<std::int64_t> PerDecade(std::int64_t per_decade, std::int64_t last_step) {
  std::vector<std::int64_t> steps = {0};
  for (std::int64_t k = 0;; ++k) {
    const double exponent = static_cast<double>(k) / static_cast<double>(per_decade);
    const auto step = static_cast<std::int64_t>(std::floor(portable::Pow(10.0, exponent) + 0.5));
    if (step > last_step) return steps;
    if (step != steps.back()) steps.push_back(step);
  }
}

bool AllAmong(const std::vector<std::int64_t>& some, const std::vector<std::int64_t>& all) {
  return std::includes(all.begin(), all.end(), some.begin(), some.end());
}

// Whether every step of `asked` is surely among those of `recorded`, for any number of steps.
bool Covers(const StepSchedule& recorded, const StepSchedule& asked) {
  if (asked.form == Form::kOff || recorded == asked) return true;
  if (recorded.form == Form::kOff) return false;
  if (asked.from < recorded.from || asked.to > recorded.to) return false;
  // "auto" asks for no particular step.
  if (asked.form == Form::kAuto) return true;
  if (recorded.form == Form::kEvery && recorded.every == 1) return true;
  if (asked.form == Form::kAt) {
    if (asked.at.empty()) return true;
    return recorded.form != Form::kAuto &&
           AllAmong(asked.at, RecordedSteps(recorded, asked.at.back() + recorded.every, 1));
  }
  if (asked.form != recorded.form) return false;
  if (asked.form == Form::kEvery) return asked.every % recorded.every == 0;
  if (asked.form == Form::kPerDecade) return recorded.per_decade % asked.per_decade == 0;
  return false;
}

std::string DescribedForm(const StepSchedule& schedule) {
  switch (schedule.form) {
    case Form::kOff:
      return "off";
    case Form::kAuto:
      return "automatically";
    case Form::kEvery:
      return schedule.every == 1 ? "every step"
                                 : "every " + std::to_string(schedule.every) + " steps";
    case Form::kPerDecade:
      return std::to_string(schedule.per_decade) + " steps a decade";
    case Form::kAt:
      return "at " + std::to_string(schedule.at.size()) + " given steps";
  }
  return "";
}

std::string Described(const StepSchedule& schedule) {
  std::string text = DescribedForm(schedule);
  if (schedule.from > 0) text += " from step " + std::to_string(schedule.from);
  if (schedule.to != StepSchedule::kToEnd) text += " up to step " + std::to_string(schedule.to);
  return text;
}

std::string PointsText(std::int64_t points) {
  return points == 0 ? "all points" : std::to_string(points) + " points";
}

ordered_json FormToJson(const StepSchedule& schedule) {
  switch (schedule.form) {
    case Form::kOff:
      return "off";
    case Form::kAuto:
      return "auto";
    case Form::kEvery:
      return {{"every", schedule.every}};
    case Form::kPerDecade:
      return {{"per_decade", schedule.per_decade}};
    case Form::kAt: {
      ordered_json steps = ordered_json::array();
      for (const std::int64_t step : schedule.at) steps.push_back(step);
      return {{"at", steps}};
    }
  }
  return nullptr;
}

ordered_json ScheduleToJson(const StepSchedule& schedule) {
  ordered_json json = FormToJson(schedule);
  if (schedule.form == Form::kOff || (schedule.from == 0 && schedule.to == StepSchedule::kToEnd)) {
    return json;
  }
  if (schedule.form == Form::kAuto) json = {{"auto", true}};
  if (schedule.from > 0) json["from"] = schedule.from;
  if (schedule.to != StepSchedule::kToEnd) json["to"] = schedule.to;
  return json;
}

Error Damaged(const std::string& what) {
  return DamagedError("record options", what,
                      "the store was written by another version, or is damaged");
}

std::int64_t CountAt(const ordered_json& object, const char* name, std::int64_t least) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_number_integer() || found->get<std::int64_t>() < least) {
    throw Damaged(std::string(name) + " is no number of steps");
  }
  return found->get<std::int64_t>();
}

StepSchedule FormFromJson(const ordered_json& element) {
  if (element == "off") return StepSchedule::Off();
  if (element == "auto") return StepSchedule::Auto();
  if (!element.is_object()) throw Damaged("a schedule is neither word nor object");
  if (element.contains("auto")) return StepSchedule::Auto();
  if (element.contains("every")) return StepSchedule::Every(CountAt(element, "every", 1));
  if (element.contains("per_decade")) {
    return {.form = Form::kPerDecade, .per_decade = CountAt(element, "per_decade", 1)};
  }
  const auto at = element.find("at");
  if (at == element.end() || !at->is_array()) throw Damaged("a schedule of no known form");
  StepSchedule schedule{.form = Form::kAt};
  for (const ordered_json& step : *at) {
    if (!step.is_number_integer()) throw Damaged("at holds something else than steps");
    schedule.at.push_back(step.get<std::int64_t>());
  }
  return schedule;
}

StepSchedule ScheduleFromJson(const ordered_json& element) {
  StepSchedule schedule = FormFromJson(element);
  if (!element.is_object()) return schedule;
  if (element.contains("from")) schedule.from = CountAt(element, "from", 0);
  if (element.contains("to")) schedule.to = CountAt(element, "to", 0);
  return schedule;
}

ordered_json PointsToJson(std::int64_t points) {
  return points == 0 ? ordered_json("all") : ordered_json(points);
}

std::int64_t PointsFromJson(const ordered_json& object) {
  const auto found = object.find("points");
  if (found != object.end() && *found == "all") return 0;
  return CountAt(object, "points", 1);
}

const ordered_json& Member(const ordered_json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) throw Damaged(std::string(name) + " is missing");
  return *found;
}

}  // namespace

std::vector<std::int64_t> RecordedSteps(const StepSchedule& schedule, std::int64_t last_step,
                                        double auto_stride_at_least) {
  std::vector<std::int64_t> steps;
  switch (schedule.form) {
    case Form::kOff:
      return {};
    case Form::kAt:
      steps = schedule.at;
      break;
    case Form::kAuto:
      steps = Every(AutoStride(auto_stride_at_least, last_step), last_step);
      break;
    case Form::kEvery:
      steps = Every(schedule.every, last_step);
      break;
    case Form::kPerDecade:
      steps = PerDecade(schedule.per_decade, last_step);
      break;
  }
  if (schedule.form != Form::kAt && steps.back() != last_step) steps.push_back(last_step);
  const std::int64_t last = std::min(last_step, schedule.to);
  std::erase_if(steps, [&](std::int64_t step) { return step < schedule.from || step > last; });
  return steps;
}

std::string ToJson(const RecordOptions& record) {
  ordered_json activations = "off";
  if (record.activations.form != Form::kOff) {
    activations = {{"steps", ScheduleToJson(record.activations)},
                   {"points", PointsToJson(record.activation_points)}};
  }
  ordered_json bursts = "off";
  if (record.bursts) {
    bursts = {{"before", record.burst_before_steps},
              {"after", record.burst_after_steps},
              {"points", PointsToJson(record.burst_points)}};
  }
  const ordered_json root = {
      {"scalars", ScheduleToJson(record.scalars)},
      {"weights", ScheduleToJson(record.weights)},
      {"activations", activations},
      {"gradients", ScheduleToJson(record.gradients)},
      {"test", ScheduleToJson(record.test)},
      {"bursts", bursts},
      {"checkpoint", record.checkpoint_every_steps == 0
                         ? ordered_json("off")
                         : ordered_json{{"every", record.checkpoint_every_steps}}}};
  return root.dump();
}

RecordOptions RecordFromJson(std::string_view text) {
  const ordered_json root = ordered_json::parse(text, nullptr, false);
  if (!root.is_object()) throw Damaged("are no JSON object");
  RecordOptions record;
  record.scalars = ScheduleFromJson(Member(root, "scalars"));
  record.weights = ScheduleFromJson(Member(root, "weights"));
  record.gradients = ScheduleFromJson(Member(root, "gradients"));
  record.test = ScheduleFromJson(Member(root, "test"));
  const ordered_json& activations = Member(root, "activations");
  record.activations = StepSchedule::Off();
  if (activations != "off") {
    record.activations = ScheduleFromJson(Member(activations, "steps"));
    record.activation_points = PointsFromJson(activations);
  }
  const ordered_json& bursts = Member(root, "bursts");
  record.bursts = bursts != "off";
  if (record.bursts) {
    record.burst_before_steps = CountAt(bursts, "before", 0);
    record.burst_after_steps = CountAt(bursts, "after", 0);
    record.burst_points = PointsFromJson(bursts);
  }
  const ordered_json& checkpoint = Member(root, "checkpoint");
  record.checkpoint_every_steps = checkpoint == "off" ? 0 : CountAt(checkpoint, "every", 1);
  return record;
}

std::string MissingRecordings(const RecordOptions& recorded, const RecordOptions& asked) {
  std::string missing;
  const auto add = [&missing](const std::string& text) {
    missing += (missing.empty() ? "" : "; ") + text;
  };
  const auto compare = [&add](const char* what, const StepSchedule& has,
                              const StepSchedule& wants) {
    if (Covers(has, wants)) return;
    add(std::string(what) + " " + Described(has) + ", asked " + Described(wants));
  };
  compare("scalars", recorded.scalars, asked.scalars);
  compare("weights", recorded.weights, asked.weights);
  compare("activations", recorded.activations, asked.activations);
  compare("gradients", recorded.gradients, asked.gradients);
  compare("test", recorded.test, asked.test);
  const bool both = recorded.activations.form != Form::kOff && asked.activations.form != Form::kOff;
  const auto count = [](std::int64_t points) { return points == 0 ? INT64_MAX : points; };
  if (both && count(recorded.activation_points) < count(asked.activation_points)) {
    add("activations of " + PointsText(recorded.activation_points) + ", asked " +
        PointsText(asked.activation_points));
  }
  if (asked.bursts) {
    if (!recorded.bursts) {
      add("no bursts, asked for");
    } else if (recorded.burst_before_steps < asked.burst_before_steps ||
               recorded.burst_after_steps < asked.burst_after_steps ||
               count(recorded.burst_points) < count(asked.burst_points)) {
      add("bursts of " + std::to_string(recorded.burst_before_steps) + " steps before, " +
          std::to_string(recorded.burst_after_steps) + " after, " +
          PointsText(recorded.burst_points) + ", asked " +
          std::to_string(asked.burst_before_steps) + ", " +
          std::to_string(asked.burst_after_steps) + ", " + PointsText(asked.burst_points));
    }
  }
  // Checkpoints are no results.
  return missing;
}

}  // namespace crease::train
