#include "analysis/curve/columns.h"

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <string_view>

#include "analysis/curve/cells.h"
#include "lib/core/error.h"

namespace crease::curve {
namespace {

// "loss" of "train/loss" and of "happy-sun-7 - loss", as trackers call the curves of a run.
std::string_view LastPart(std::string_view name) {
  if (const auto dash = name.rfind(" - "); dash != std::string_view::npos) {
    name.remove_prefix(dash + 3);
  }
  if (const auto slash = name.rfind('/'); slash != std::string_view::npos) {
    name.remove_prefix(slash + 1);
  }
  return name;
}

bool IsOneOf(std::string_view name, std::initializer_list<std::string_view> known) {
  return std::any_of(known.begin(), known.end(),
                     [&](std::string_view word) { return EqualIgnoringCase(name, word); });
}

bool EndsInIgnoringCase(std::string_view name, std::string_view end) {
  return name.size() >= end.size() && EqualIgnoringCase(name.substr(name.size() - end.size()), end);
}

bool IsTime(std::string_view name) {
  return IsOneOf(name, {"time", "wall time", "wall_time", "walltime", "wall", "timestamp",
                        "_timestamp", "runtime", "_runtime", "elapsed", "date", "datetime"}) ||
         name.starts_with("Relative Time");
}

// The band that a tracker exports around a smoothed curve.
bool IsBand(std::string_view name) { return name.ends_with("__MIN") || name.ends_with("__MAX"); }

class Chooser {
 public:
  Chooser(const ColumnSample& sample, const std::string& column, const std::string& step_column)
      : sample_(sample), asked_value_(column), asked_step_(step_column) {}

  ChosenColumns Choose() {
    chosen_.step = ChooseStep();
    chosen_.value = ChooseValue();
    return chosen_;
  }

 private:
  std::size_t Find(const std::string& name, const char* option) const {
    for (std::size_t i = 0; i < sample_.names.size(); ++i) {
      if (sample_.names[i] == name) return i;
    }
    const std::optional<double> number = ParseNumber(name);
    for (std::size_t i = 0; number && i < sample_.count; ++i) {
      if (static_cast<double>(i + 1) == *number) return i;
    }
    constexpr std::size_t kListed = 20;
    std::string known;
    for (std::size_t i = 0; i < std::min(sample_.count, kListed); ++i) {
      known += (i == 0 ? "" : ", ") + Printable(NameOf(sample_, i));
    }
    if (sample_.count > kListed) known += ", ... (" + std::to_string(sample_.count) + " columns)";
    throw InputError(sample_.place, "there is no column '" + Printable(name) + "'",
                     std::string("give ") + option + " one of: " + known);
  }

  bool IsAskedFor(std::size_t column) const {
    return !asked_value_.empty() && Find(asked_value_, "--column") == column;
  }

  std::size_t ChooseStep() const {
    const auto& names = sample_.names;
    const bool is_name = std::find(names.begin(), names.end(), asked_step_) != names.end();
    if (asked_step_ == "row" && !is_name) return kRowNumbers;
    if (!asked_step_.empty()) return Find(asked_step_, "--step-column");
    // In this order: an epoch column beside a step column repeats its numbers.
    for (const std::string_view known : {"step", "global_step", "_step", "steps", "iteration",
                                         "iterations", "iter", "epoch", "epochs"}) {
      for (std::size_t i = 0; i < names.size(); ++i) {
        if (sample_.numeric[i] && EqualIgnoringCase(LastPart(names[i]), known) && !IsAskedFor(i)) {
          return i;
        }
      }
    }
    // Without names the first column; as data frames write their index, too.
    const bool nameless = names.empty() || names[0].empty() || names[0] == "Unnamed: 0";
    const auto numeric = std::count(sample_.numeric.begin(), sample_.numeric.end(), 1);
    const bool possible = nameless && sample_.numeric[0] && numeric > 1 && !IsAskedFor(0);
    return possible ? 0 : kRowNumbers;
  }

  std::size_t ChooseValue() {
    if (!asked_value_.empty()) return Find(asked_value_, "--column");
    for (std::size_t i = 0; i < sample_.names.size(); ++i) {
      if (EqualIgnoringCase(sample_.names[i], "loss")) return i;
    }
    std::vector<std::size_t> candidates;
    bool has_time = false;
    for (std::size_t i = 0; i < sample_.count; ++i) {
      std::string_view name;
      if (!sample_.names.empty()) name = sample_.names[i];
      has_time = has_time || IsTime(name);
      if (sample_.numeric[i] && i != chosen_.step && !IsTime(name) && !IsBand(name)) {
        candidates.push_back(i);
      }
    }
    if (candidates.empty()) {
      throw InputError(sample_.place, "there is no column of numbers",
                       "name the column of the curve with --column");
    }
    chosen_.is_guess = candidates.size() > 1;
    if (const std::size_t named = FindNamed(candidates); named != kRowNumbers) return named;
    const bool first_may_be_steps = chosen_.step == kRowNumbers && !has_time;
    return candidates[first_may_be_steps && candidates.size() > 1 ? 1 : 0];
  }

  // Named as trackers and exports name a loss.
  std::size_t FindNamed(const std::vector<std::size_t>& candidates) const {
    if (sample_.names.empty()) return kRowNumbers;
    using Test = bool (*)(std::string_view);
    constexpr Test kTests[] = {
        [](std::string_view name) { return EqualIgnoringCase(LastPart(name), "loss"); },
        [](std::string_view name) { return EndsInIgnoringCase(name, "loss"); },
        [](std::string_view name) { return EqualIgnoringCase(name, "value"); }};
    for (const Test test : kTests) {
      for (const std::size_t i : candidates) {
        if (test(sample_.names[i])) return i;
      }
    }
    return kRowNumbers;
  }

  const ColumnSample& sample_;
  const std::string &asked_value_, &asked_step_;
  ChosenColumns chosen_;
};

}  // namespace

std::string NameOf(const ColumnSample& sample, std::size_t column) {
  const bool named = column < sample.names.size() && !sample.names[column].empty();
  return named ? sample.names[column] : std::to_string(column + 1);
}

ChosenColumns ChooseColumns(const ColumnSample& sample, const std::string& column,
                            const std::string& step_column) {
  return Chooser(sample, column, step_column).Choose();
}

}  // namespace crease::curve
