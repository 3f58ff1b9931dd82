#include "apps/report.h"

#include <algorithm>
#include <cmath>

#include "apps/output.h"
#include "apps/table.h"
#include "apps/text.h"

namespace crease::apps {
namespace {

Json ToJson(const statistics::Estimate& estimate) {
  return {{"value", estimate.value}, {"low", estimate.low}, {"high", estimate.high}};
}

// What lies beyond the end of the runs has no number.
std::string Step(double step) { return std::isinf(step) ? "not yet" : FormatStep(step); }

std::string Interval(const statistics::Estimate& estimate, std::string (*format)(double)) {
  if (std::isnan(estimate.value)) return "-";
  return FormatInterval(format(estimate.low), format(estimate.high));
}

std::string Flags(const detect::Transition& transition) {
  std::string flags;
  const auto add = [&](bool set, const char* name) {
    if (!set) return;
    if (!flags.empty()) flags += ' ';
    flags += name;
  };
  add(transition.open, "open");
  add(transition.overlap, "overlap");
  add(transition.schedule, "schedule");
  return flags;
}

// Fractions of a step matter only where steps are few.
std::string TransitionStep(double step) {
  const double magnitude = std::abs(step);
  if (magnitude >= 100 || magnitude == 0) return FormatStep(step);
  return FormatNumber(step, magnitude < 1e-4 ? 6 : 3);
}

}  // namespace

std::string ShortName(const std::string& key) { return key.substr(key.find('.') + 1); }

Json ToJson(const summary::Summary& summary) {
  Json cells = Json::array();
  for (const summary::Cell& cell : summary.cells) {
    Json values = Json::object();
    for (std::size_t i = 0; i < summary.keys.size(); ++i) {
      values[summary.keys[i]] = cell.values[i];
    }
    cells.push_back({{"cell", values},
                     {"runs", cell.runs},
                     {"diverged", cell.diverged},
                     {"runs_with_accuracy", cell.runs_with_accuracy},
                     {"runs_reached_95", cell.runs_reached},
                     {"share_reached_95", ToJson(cell.reached)},
                     {"runs_with_transition", cell.runs_with_transition},
                     {"runs_without_verdict", cell.runs_without_verdict},
                     {"transitions_per_run", cell.transitions_per_run},
                     {"median_first_onset_step", ToJson(cell.first_onset_step)},
                     {"median_drop_nats", cell.median_drop_nats},
                     {"median_final_loss", cell.median_final_loss}});
  }
  return cells;
}

Json ToJson(const detect::Transition& t) {
  return {{"onset_step", t.onset_step},     {"midpoint_step", t.midpoint_step},
          {"end_step", t.end_step},         {"width_steps", t.width_steps},
          {"loss_before", t.loss_before},   {"loss_after", t.loss_after},
          {"drop_nats", t.drop_nats},       {"sharpness", t.sharpness},
          {"peak_rate", t.peak_rate},       {"plateau_steps", t.plateau_steps},
          {"plateau_loss", t.plateau_loss}, {"z_score", t.z_score},
          {"p_value", t.p_value},           {"open", t.open},
          {"overlap", t.overlap},           {"schedule", t.schedule}};
}

void PrintJson(const Json& json) {
  Out() << json.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
}

void PrintSummary(std::ostream& out, const summary::Summary& summary) {
  Table table;
  for (const auto& key : summary.keys) table.AddColumn(ShortName(key), false);
  for (const char* title : {"runs", "diverged", "reach 95 %", "95 % interval", "with transition",
                            "per run", "first onset", "95 % interval", "drop/nats", "final loss"}) {
    table.AddColumn(title);
  }
  for (const summary::Cell& cell : summary.cells) {
    std::vector<std::string> row = cell.values;
    row.push_back(std::to_string(cell.runs));
    row.push_back(std::to_string(cell.diverged));
    row.push_back(FormatShare(cell.reached.value));
    row.push_back(Interval(cell.reached, FormatShare));
    row.push_back(std::to_string(cell.runs_with_transition));
    row.push_back(FormatShare(cell.transitions_per_run));
    row.push_back(Step(cell.first_onset_step.value));
    row.push_back(Interval(cell.first_onset_step, Step));
    row.push_back(FormatShare(cell.median_drop_nats));
    row.push_back(FormatNumber(cell.median_final_loss));
    table.AddRow(std::move(row));
  }
  table.Print(out);
}

void PrintTransitions(std::ostream& out, const std::vector<TransitionRow>& rows,
                      const std::vector<std::string>& keys, std::size_t prefix, std::size_t limit) {
  Table table;
  const bool of_runs = !rows.empty() && rows.front().config != nullptr;
  if (of_runs) {
    table.AddColumn("run", false);
    for (const auto& key : keys) table.AddColumn(ShortName(key), false);
    table.AddColumn("seed");
  }
  for (const char* title :
       {"onset", "midpoint", "end", "before", "after", "drop/nats", "sharpness", "plateau", "z"}) {
    table.AddColumn(title);
  }
  table.AddColumn("flags", false);
  const std::size_t shown = limit == 0 ? rows.size() : std::min(limit, rows.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const TransitionRow& row = rows[i];
    const detect::Transition& t = row.transition;
    std::vector<std::string> cells;
    if (of_runs) {
      cells.push_back(row.run_id.substr(0, prefix));
      for (const auto& key : keys) cells.push_back(summary::KeyText(*row.config, key));
      cells.push_back(std::to_string(row.config->seed));
    }
    for (const double step : {t.onset_step, t.midpoint_step, t.end_step}) {
      cells.push_back(TransitionStep(step));
    }
    cells.push_back(FormatNumber(t.loss_before));
    cells.push_back(FormatNumber(t.loss_after));
    cells.push_back(FormatShare(t.drop_nats));
    cells.push_back(FormatNumber(t.sharpness, 3));
    cells.push_back(TransitionStep(t.plateau_steps));
    cells.push_back(FormatNumber(t.z_score, 3));
    cells.push_back(Flags(t));
    table.AddRow(std::move(cells));
  }
  table.Print(out);
}

}  // namespace crease::apps
