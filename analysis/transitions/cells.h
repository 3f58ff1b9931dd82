// In: runs, what was detected in them, and keys. Out: figures of the cells that the keys make, and
// whether the cells differ in the time to the first transition.
//
// Only intrinsic transitions count: those that a change of learning rate, batch or data explains
// (`schedule`) are counted apart. Open ones (the curve ends before they do) count.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "analysis/statistics/log_rank.h"
#include "analysis/statistics/statistics.h"
#include "analysis/summary/catalog_runs.h"
#include "lib/detect/offline.h"
#include "lib/train/config_keys.h"

namespace crease::transitions {

std::vector<detect::Transition> Intrinsic(const detect::Detection& detection);

// Median and quartiles; NaN of nothing.
struct Spread {
  double lower = 0, median = 0, upper = 0;
};

// All runs that agree in the keys. Those without a verdict are left out of everything but their
// own count.
struct Cell {
  std::vector<train::Value> values;  // of Comparison::keys
  std::vector<std::size_t> members;  // indices of its runs
  std::int64_t diverged = 0, without_verdict = 0;

  // Runs with 0, 1, 2, and 3 or more transitions, and their shares with Wilson's intervals.
  std::array<std::int64_t, 4> runs_by_count = {};
  std::array<statistics::Estimate, 4> shares = {};
  statistics::Estimate share_with_any;

  // Steps until the onset of the first transition; runs without one are censored at the last step
  // that they made, diverged ones where they diverged.
  std::vector<statistics::Duration> first_onsets;
  std::int64_t censored = 0;
  statistics::Estimate median_first_onset;
  std::vector<statistics::SurvivalStep> survival;

  // Over all transitions of the cell. Width and drop of open ones are what the curve shows of them.
  std::int64_t transitions = 0, open = 0, schedule_tagged = 0;
  Spread drop_nats, sharpness, width_steps, plateau_steps;
};

struct PairTest {
  std::size_t a, b;  // cells
  statistics::LogRankTest test;
  double holm;  // p_value, adjusted over all pairs
};

// A key that takes several values within a cell.
struct PooledKey {
  const train::ConfigKey* key;
  std::size_t cells;  // in so many cells
};

struct Comparison {
  std::vector<const train::ConfigKey*> keys;
  std::vector<PooledKey> pooled;  // without the seed, which every cell pools
  std::vector<Cell> cells;        // by the values of the keys
  // Of no more than kComparedCells cells; else degrees is 0 and there are no pairs.
  statistics::LogRankTest log_rank;
  std::vector<PairTest> pairs;  // of more than two cells: all pairs a < b
};

inline constexpr std::size_t kComparedCells = 64;

// Requires: as many detections as runs, in the same order.
Comparison CompareCells(const std::vector<summary::CatalogRun>& runs,
                        const std::vector<detect::Detection>& detections,
                        const std::vector<const train::ConfigKey*>& keys);

}  // namespace crease::transitions
