#include <cstddef>
#include <string>
#include <variant>
#include <vector>

#include "analysis/summary/summary.h"
#include "apps/transitions_tables.h"

namespace crease::apps {
namespace {

using statistics::Estimate;
using transitions::Cell;
using transitions::Spread;

Json AsJson(const Estimate& estimate) {
  return {{"value", estimate.value}, {"low", estimate.low}, {"high", estimate.high}};
}

Json AsJson(const Spread& spread) {
  return {{"median", spread.median},
          {"lower_quartile", spread.lower},
          {"upper_quartile", spread.upper}};
}

Json Keys(const ComparisonReport& report, const Cell& cell) {
  Json keys = Json::object();
  for (std::size_t i = 0; i < cell.values.size(); ++i) {
    const train::ConfigKey& key = *report.comparison.keys[i];
    const std::string name(key.name);
    const train::Value& value = cell.values[i];
    const auto* integer = std::get_if<std::int64_t>(&value);
    if (integer != nullptr && !key.word.empty() && *integer == key.word_value) {
      keys[name] = key.word;
    } else {
      std::visit([&](const auto& held) { keys[name] = held; }, value);
    }
  }
  return keys;
}

// In columns; it begins with all runs at step 0.
Json Survival(const Cell& cell) {
  Json step = {0.0}, survival = {1.0}, low = {1.0}, high = {1.0};
  Json at_risk = {cell.first_onsets.size()};
  for (const statistics::SurvivalStep& at : cell.survival) {
    step.push_back(at.length);
    survival.push_back(at.survival);
    low.push_back(at.low);
    high.push_back(at.high);
    at_risk.push_back(static_cast<std::int64_t>(at.at_risk));
  }
  return {
      {"step", step}, {"survival", survival}, {"low", low}, {"high", high}, {"at_risk", at_risk}};
}

Json Aligned(const std::vector<transitions::AlignedPoint>& points, const std::string& column) {
  Json tau = Json::array(), curves = Json::array(), mean = Json::array();
  std::vector<Json> changes(transitions::kAlignedQuantiles.size(), Json::array());
  for (const transitions::AlignedPoint& point : points) {
    tau.push_back(point.tau);
    curves.push_back(point.curves);
    mean.push_back(point.mean_log_value);
    for (std::size_t q = 0; q < changes.size(); ++q) changes[q].push_back(point.change[q]);
  }
  Json aligned = {{"tau", tau}, {"curves", curves}, {"mean_ln_" + column, mean}};
  for (std::size_t q = 0; q < changes.size(); ++q) {
    const std::string share = std::to_string(transitions::kAlignedQuantiles[q]);
    aligned["ln_change_q" + share.substr(0, share.find_last_not_of('0') + 1)] = changes[q];
  }
  return aligned;
}

void AddCurves(const ComparisonReport& report, std::size_t cell, Json& json) {
  json["survival"] = Survival(report.comparison.cells[cell]);
  if (!report.aligned.empty()) json["aligned"] = Aligned(report.aligned[cell], report.column);
}

Json Figures(const ComparisonReport& report, const Cell& cell) {
  Json counts = Json::object(), shares = Json::object();
  const char* const names[] = {"0", "1", "2", "3+"};
  for (std::size_t i = 0; i < cell.runs_by_count.size(); ++i) {
    counts[names[i]] = cell.runs_by_count[i];
    shares[names[i]] = AsJson(cell.shares[i]);
  }
  return {{"cell", Keys(report, cell)},
          {"runs", cell.members.size()},
          {"diverged", cell.diverged},
          {"runs_without_verdict", cell.without_verdict},
          {"runs_by_transitions", counts},
          {"share_by_transitions", shares},
          {"share_with_any", AsJson(cell.share_with_any)},
          {"runs_censored", cell.censored},
          {"median_first_onset_step", AsJson(cell.median_first_onset)},
          {"transitions", cell.transitions},
          {"open", cell.open},
          {"left_out_schedule", cell.schedule_tagged},
          {"drop_nats", AsJson(cell.drop_nats)},
          {"sharpness", AsJson(cell.sharpness)},
          {"width_steps", AsJson(cell.width_steps)},
          {"plateau_steps", AsJson(cell.plateau_steps)}};
}

Json AsJson(const statistics::LogRankTest& test) {
  Json json = {
      {"chi_square", test.chi_square}, {"degrees", test.degrees}, {"p_value", test.p_value}};
  if (test.degrees == 0) json["chi_square"] = json["p_value"] = nullptr;
  return json;
}

Json Pairs(const ComparisonReport& report) {
  Json pairs = Json::array();
  for (const transitions::PairTest& pair : report.comparison.pairs) {
    Json entry = {{"a", Keys(report, report.comparison.cells[pair.a])},
                  {"b", Keys(report, report.comparison.cells[pair.b])}};
    entry.update(AsJson(pair.test));
    entry["p_holm"] = pair.holm;
    pairs.push_back(std::move(entry));
  }
  return pairs;
}

template <typename Of>
Json ForCells(const ComparisonReport& report, const Of& of) {
  Json cells = Json::array();
  for (std::size_t c = 0; c < report.comparison.cells.size(); ++c) {
    Json cell = of(report.comparison.cells[c]);
    AddCurves(report, c, cell);
    cells.push_back(std::move(cell));
  }
  return cells;
}

}  // namespace

Json ToJson(const ComparisonReport& report) {
  Json by = Json::array(), pooled = {"seed"};
  for (const train::ConfigKey* key : report.comparison.keys) by.push_back(key->name);
  for (const auto& key : report.comparison.pooled) pooled.push_back(key.key->name);
  Json log_rank = AsJson(report.comparison.log_rank);
  log_rank["observed"] = report.comparison.log_rank.observed;
  log_rank["expected"] = report.comparison.log_rank.expected;
  return {{"by", by},
          {"pooled", pooled},
          {"cells", ForCells(report, [&](const Cell& cell) { return Figures(report, cell); })},
          {"log_rank", log_rank},
          {"log_rank_pairs", Pairs(report)}};
}

Json CurvesAsJson(const ComparisonReport& report) {
  return {{"cells", ForCells(report, [&](const Cell& cell) -> Json {
             return {{"cell", Keys(report, cell)}, {"runs", cell.members.size()}};
           })}};
}

}  // namespace crease::apps
