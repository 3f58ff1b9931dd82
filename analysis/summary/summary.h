// In: runs and their transitions. Out: one line of figures a cell, as a paper would print it.
//
// A cell is all runs that differ in the seed alone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analysis/statistics/statistics.h"
#include "analysis/summary/catalog_runs.h"

namespace crease::summary {

// "Reached" means a best accuracy of at least this over all steps.
inline constexpr double kReachedAccuracy = 0.95;

struct Cell {
  std::vector<std::string> values;  // of Summary::keys
  std::int64_t runs = 0;
  std::int64_t diverged = 0;
  std::int64_t runs_with_accuracy = 0;  // 0 for regression: `reached` is NaN
  std::int64_t runs_reached = 0;
  statistics::Estimate reached;  // share of runs_with_accuracy; Wilson
  // Transitions tagged `schedule` count nowhere here.
  std::int64_t runs_with_transition = 0;
  std::int64_t runs_without_verdict = 0;
  double transitions_per_run = 0;
  // Median step of a run's first transition (Kaplan-Meier): runs without one are censored where
  // they end, those without a verdict are left out.
  statistics::Estimate first_onset_step;
  double median_drop_nats;   // over all transitions of the cell
  double median_final_loss;  // over the runs that completed
};

struct Summary {
  std::vector<std::string> keys;  // "model.width", ...: those that vary between cells
  std::vector<Cell> cells;        // in the order in which they first appear
};

Summary Summarize(const std::vector<CatalogRun>& runs, const TransitionsByRun& transitions);

// The configuration keys other than the seed whose values differ among `configs`.
std::vector<std::string> VaryingKeys(const std::vector<const train::RunConfig*>& configs);

// The value of the configuration key `name`, as text. Requires: there is such a key.
std::string KeyText(const train::RunConfig& config, const std::string& name);

}  // namespace crease::summary
