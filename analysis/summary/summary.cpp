#include "analysis/summary/summary.h"

#include <cmath>
#include <unordered_map>
#include <utility>

#include "lib/train/config_keys.h"

namespace crease::summary {
namespace {

// Equal for the runs of one cell, whatever the paths of the user's own files.
std::string CellId(train::RunConfig config) {
  config.seed = 0;
  return train::RunId(config);
}

struct Group {
  std::vector<const CatalogRun*> runs;
};

std::vector<Group> GroupByCell(const std::vector<CatalogRun>& runs) {
  std::vector<Group> groups;
  std::unordered_map<std::string, std::size_t> index;
  for (const CatalogRun& run : runs) {
    const auto [place, is_new] = index.try_emplace(CellId(run.config), groups.size());
    if (is_new) groups.emplace_back();
    groups[place->second].runs.push_back(&run);
  }
  return groups;
}

const std::vector<CatalogTransition>& TransitionsOf(const CatalogRun& run,
                                                    const TransitionsByRun& transitions) {
  static const std::vector<CatalogTransition> none;
  const auto found = transitions.find(run.run_id);
  return found == transitions.end() ? none : found->second;
}

// What the schedule of the learning rate does not explain.
std::vector<const detect::Transition*> Intrinsic(const std::vector<CatalogTransition>& found) {
  std::vector<const detect::Transition*> intrinsic;
  for (const CatalogTransition& row : found) {
    if (!row.transition.schedule) intrinsic.push_back(&row.transition);
  }
  return intrinsic;
}

// How runs ended and what they reached.
void AddOutcome(const CatalogRun& run, Cell& cell, std::vector<double>& final_losses) {
  ++cell.runs;
  if (run.diverged) {
    ++cell.diverged;
  } else if (std::isfinite(run.final_loss)) {
    final_losses.push_back(run.final_loss);
  }
  if (std::isfinite(run.best_accuracy)) {
    ++cell.runs_with_accuracy;
    if (run.best_accuracy >= kReachedAccuracy) ++cell.runs_reached;
  }
}

Cell CellOf(const Group& group, const TransitionsByRun& transitions) {
  Cell cell;
  std::vector<double> final_losses, drops;
  std::vector<statistics::Duration> onsets;
  std::int64_t transition_count = 0;
  for (const CatalogRun* run : group.runs) {
    AddOutcome(*run, cell, final_losses);
    const auto found = Intrinsic(TransitionsOf(*run, transitions));
    for (const detect::Transition* transition : found) drops.push_back(transition->drop_nats);
    transition_count += std::ssize(found);
    if (!found.empty()) {
      ++cell.runs_with_transition;
      onsets.push_back({found.front()->onset_step, true});
    } else if (run->no_verdict.empty()) {
      onsets.push_back({static_cast<double>(run->steps_done), false});
    } else {
      ++cell.runs_without_verdict;
    }
  }
  cell.reached = statistics::Share(cell.runs_reached, cell.runs_with_accuracy);
  cell.first_onset_step = statistics::MedianDuration(onsets);
  cell.transitions_per_run = static_cast<double>(transition_count) / static_cast<double>(cell.runs);
  cell.median_drop_nats = statistics::Median(drops);
  cell.median_final_loss = statistics::Median(final_losses);
  return cell;
}

}  // namespace

std::string KeyText(const train::RunConfig& config, const std::string& name) {
  const train::ConfigKey* key = train::FindConfigKey(name);
  const train::Value value = key->get(config);
  // "batch" has a word for one of its integers.
  if (!key->word.empty() && std::holds_alternative<std::int64_t>(value) &&
      std::get<std::int64_t>(value) == key->word_value) {
    return std::string(key->word);
  }
  return train::ToString(value);
}

std::vector<std::string> VaryingKeys(const std::vector<const train::RunConfig*>& configs) {
  std::vector<std::string> varying;
  for (const train::ConfigKey& key : train::ConfigKeys()) {
    if (key.name == "seed" || configs.empty()) continue;
    const train::Value first = key.get(*configs.front());
    for (const train::RunConfig* config : configs) {
      if (key.get(*config) == first) continue;
      varying.emplace_back(key.name);
      break;
    }
  }
  return varying;
}

Summary Summarize(const std::vector<CatalogRun>& runs, const TransitionsByRun& transitions) {
  const std::vector<Group> groups = GroupByCell(runs);
  std::vector<const train::RunConfig*> configs;
  configs.reserve(groups.size());
  for (const Group& group : groups) configs.push_back(&group.runs.front()->config);
  Summary summary;
  summary.keys = VaryingKeys(configs);
  for (const Group& group : groups) {
    Cell cell = CellOf(group, transitions);
    for (const auto& key : summary.keys) {
      cell.values.push_back(KeyText(group.runs.front()->config, key));
    }
    summary.cells.push_back(std::move(cell));
  }
  return summary;
}

}  // namespace crease::summary
