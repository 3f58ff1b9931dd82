#include "analysis/transitions/cells.h"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <map>
#include <set>
#include <utility>

namespace crease::transitions {
namespace {

using Runs = std::vector<summary::CatalogRun>;
using Detections = std::vector<detect::Detection>;

std::vector<Cell> MakeCells(const Runs& runs, const std::vector<const train::ConfigKey*>& keys) {
  std::map<std::vector<train::Value>, std::vector<std::size_t>> members;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    std::vector<train::Value> values;
    values.reserve(keys.size());
    for (const train::ConfigKey* key : keys) values.push_back(key->get(runs[i].config));
    members[std::move(values)].push_back(i);
  }
  std::vector<Cell> cells;
  for (auto& [values, indices] : members) {
    Cell cell;
    cell.values = values;
    cell.members = std::move(indices);
    cells.push_back(std::move(cell));
  }
  return cells;
}

// Lists of what the transitions of a cell measure.
struct Measures {
  std::vector<double> drop, sharpness, width, plateau;

  void Add(const detect::Transition& transition) {
    drop.push_back(transition.drop_nats);
    sharpness.push_back(transition.sharpness);
    width.push_back(transition.width_steps);
    plateau.push_back(transition.plateau_steps);
  }
};

Spread SpreadOf(const std::vector<double>& values) {
  return {statistics::Quantile(values, 0.25), statistics::Median(values),
          statistics::Quantile(values, 0.75)};
}

void AddRun(const summary::CatalogRun& run, const detect::Detection& detection, Cell& cell,
            Measures& measures) {
  cell.diverged += run.diverged;
  if (!detection.no_verdict.empty()) {
    ++cell.without_verdict;
    return;
  }
  const std::vector<detect::Transition> found = Intrinsic(detection);
  cell.schedule_tagged += std::ssize(detection.transitions) - std::ssize(found);
  ++cell.runs_by_count[std::min(found.size(), cell.runs_by_count.size() - 1)];
  cell.transitions += std::ssize(found);
  for (const detect::Transition& transition : found) {
    cell.open += transition.open;
    measures.Add(transition);
  }
  cell.censored += found.empty();
  cell.first_onsets.push_back(found.empty()
                                  ? statistics::Duration{static_cast<double>(run.steps_done), false}
                                  : statistics::Duration{found.front().onset_step, true});
}

void Describe(const Runs& runs, const Detections& detections, Cell& cell) {
  Measures measures;
  for (const std::size_t run : cell.members) AddRun(runs[run], detections[run], cell, measures);
  const std::int64_t judged = std::ssize(cell.members) - cell.without_verdict;
  for (std::size_t i = 0; i < cell.shares.size(); ++i) {
    cell.shares[i] = statistics::Share(cell.runs_by_count[i], judged);
  }
  cell.share_with_any = statistics::Share(judged - cell.runs_by_count[0], judged);
  cell.median_first_onset = statistics::MedianDuration(cell.first_onsets);
  cell.survival = statistics::KaplanMeier(cell.first_onsets);
  cell.drop_nats = SpreadOf(measures.drop);
  cell.sharpness = SpreadOf(measures.sharpness);
  cell.width_steps = SpreadOf(measures.width);
  cell.plateau_steps = SpreadOf(measures.plateau);
}

std::vector<PooledKey> FindPooled(const Runs& runs, const std::vector<Cell>& cells) {
  std::vector<PooledKey> pooled;
  for (const train::ConfigKey& key : train::ConfigKeys()) {
    if (key.name == "seed") continue;
    const auto varies = [&](const Cell& cell) {
      const train::RunConfig& first = runs[cell.members.front()].config;
      return std::any_of(cell.members.begin(), cell.members.end(),
                         [&](std::size_t run) { return !key.same(first, runs[run].config); });
    };
    const auto count = std::count_if(cells.begin(), cells.end(), varies);
    if (count > 0) pooled.push_back({&key, static_cast<std::size_t>(count)});
  }
  return pooled;
}

void Compare(Comparison& comparison) {
  const std::vector<Cell>& cells = comparison.cells;
  if (cells.size() < 2 || cells.size() > kComparedCells) return;
  std::vector<std::vector<statistics::Duration>> times;
  times.reserve(cells.size());
  for (const Cell& cell : cells) times.push_back(cell.first_onsets);
  comparison.log_rank = statistics::LogRank(times);
  if (cells.size() == 2) return;
  std::vector<double> p_values;
  for (std::size_t a = 0; a < cells.size(); ++a) {
    for (std::size_t b = a + 1; b < cells.size(); ++b) {
      const std::vector<std::vector<statistics::Duration>> pair = {times[a], times[b]};
      comparison.pairs.push_back({a, b, statistics::LogRank(pair), 0});
      p_values.push_back(comparison.pairs.back().test.p_value);
    }
  }
  const std::vector<double> holm = statistics::AdjustHolm(p_values);
  for (std::size_t i = 0; i < holm.size(); ++i) comparison.pairs[i].holm = holm[i];
}

}  // namespace

std::vector<detect::Transition> Intrinsic(const detect::Detection& detection) {
  std::vector<detect::Transition> intrinsic;
  std::copy_if(detection.transitions.begin(), detection.transitions.end(),
               std::back_inserter(intrinsic),
               [](const detect::Transition& transition) { return !transition.schedule; });
  return intrinsic;
}

Comparison CompareCells(const std::vector<summary::CatalogRun>& runs,
                        const std::vector<detect::Detection>& detections,
                        const std::vector<const train::ConfigKey*>& keys) {
  assert(runs.size() == detections.size());
  Comparison comparison;
  comparison.keys = keys;
  comparison.cells = MakeCells(runs, keys);
  for (Cell& cell : comparison.cells) Describe(runs, detections, cell);
  comparison.pooled = FindPooled(runs, comparison.cells);
  Compare(comparison);
  return comparison;
}

}  // namespace crease::transitions
