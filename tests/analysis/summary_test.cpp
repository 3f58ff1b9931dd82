// Figures of cells from runs made up by hand.
#include "analysis/summary/summary.h"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/train/config_keys.h"

namespace crease::summary {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

CatalogRun MakeRun(std::uint64_t seed, model::Norm norm, double best_accuracy, double final_loss) {
  CatalogRun run;
  run.config.seed = seed;
  run.config.model.norm = norm;
  run.run_id = train::RunId(run.config);
  run.steps_done = run.config.steps;
  run.best_accuracy = best_accuracy;
  run.final_loss = final_loss;
  return run;
}

CatalogTransition At(double onset_step, double drop_nats) {
  CatalogTransition row;
  row.transition.onset_step = onset_step;
  row.transition.drop_nats = drop_nats;
  return row;
}

TEST(Summary, GroupsRunsThatDifferInTheSeedAlone) {
  const std::vector<CatalogRun> runs = {
      MakeRun(0, model::Norm::kUnit, 1.0, 0.1), MakeRun(0, model::Norm::kLayerNorm, 0.8, 0.4),
      MakeRun(1, model::Norm::kUnit, 0.95, 0.3), MakeRun(2, model::Norm::kUnit, 0.94, 0.2)};
  const Summary summary = Summarize(runs, {});
  EXPECT_THAT(summary.keys, ElementsAre("model.norm"));
  ASSERT_EQ(summary.cells.size(), 2U);
  const Cell& unit = summary.cells[0];
  EXPECT_THAT(unit.values, ElementsAre("unit"));
  EXPECT_EQ(unit.runs, 3);
  EXPECT_EQ(unit.runs_reached, 2);  // 0.95 itself is reached
  EXPECT_DOUBLE_EQ(unit.reached.value, 2.0 / 3.0);
  EXPECT_DOUBLE_EQ(unit.median_final_loss, 0.2);
  EXPECT_EQ(summary.cells[1].runs_reached, 0);
  EXPECT_EQ(summary.cells[1].reached.low, 0.0);
}

TEST(Summary, OneCellHasNoKeys) {
  const Summary summary = Summarize(
      {MakeRun(0, model::Norm::kUnit, 1.0, 0.1), MakeRun(7, model::Norm::kUnit, 1.0, 0.1)}, {});
  EXPECT_THAT(summary.keys, IsEmpty());
  ASSERT_EQ(summary.cells.size(), 1U);
  EXPECT_THAT(summary.cells[0].values, IsEmpty());
}

TEST(Summary, NothingHasNoCells) { EXPECT_THAT(Summarize({}, {}).cells, IsEmpty()); }

TEST(Summary, CensorsRunsWithoutATransitionAndLeavesOutThoseWithoutAVerdict) {
  std::vector<CatalogRun> runs;
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    runs.push_back(MakeRun(seed, model::Norm::kUnit, 1.0, 0.1));
  }
  runs[5].no_verdict = "too few samples";
  TransitionsByRun transitions;
  transitions[runs[0].run_id] = {At(100, 1.0), At(5000, 0.4)};
  transitions[runs[1].run_id] = {At(200, 0.5)};
  transitions[runs[2].run_id] = {At(300, 0.6)};
  const Cell cell = Summarize(runs, transitions).cells.at(0);
  EXPECT_EQ(cell.runs_with_transition, 3);
  EXPECT_EQ(cell.runs_without_verdict, 1);
  EXPECT_DOUBLE_EQ(cell.transitions_per_run, 4.0 / 6.0);
  // Of five runs three jumped, at 100, 200, 300: survival falls below a half at 300.
  EXPECT_DOUBLE_EQ(cell.first_onset_step.value, 300);
  EXPECT_DOUBLE_EQ(cell.median_drop_nats, 0.55);

  transitions.erase(runs[2].run_id);
  const Cell fewer = Summarize(runs, transitions).cells.at(0);
  EXPECT_TRUE(std::isinf(fewer.first_onset_step.value));
}

TEST(Summary, LeavesOutTransitionsThatTheScheduleExplains) {
  const std::vector<CatalogRun> runs = {MakeRun(0, model::Norm::kUnit, 1.0, 0.1),
                                        MakeRun(1, model::Norm::kUnit, 1.0, 0.1)};
  TransitionsByRun transitions;
  transitions[runs[0].run_id] = {At(100, 1.0), At(5000, 0.4)};
  transitions[runs[0].run_id][0].transition.schedule = true;
  transitions[runs[1].run_id] = {At(200, 0.5)};
  transitions[runs[1].run_id][0].transition.schedule = true;
  const Cell cell = Summarize(runs, transitions).cells.at(0);
  EXPECT_EQ(cell.runs_with_transition, 1);
  EXPECT_DOUBLE_EQ(cell.transitions_per_run, 0.5);
  EXPECT_DOUBLE_EQ(cell.median_drop_nats, 0.4);
  EXPECT_DOUBLE_EQ(cell.first_onset_step.low, 5000);
}

TEST(Summary, DivergedRunsCountButHaveNoFinalLoss) {
  std::vector<CatalogRun> runs = {MakeRun(0, model::Norm::kUnit, 0.99, 0.1),
                                  MakeRun(1, model::Norm::kUnit, 0.96, NAN)};
  runs[1].diverged = true;
  const Cell cell = Summarize(runs, {}).cells.at(0);
  EXPECT_EQ(cell.runs, 2);
  EXPECT_EQ(cell.diverged, 1);
  EXPECT_EQ(cell.runs_reached, 2);
  EXPECT_DOUBLE_EQ(cell.median_final_loss, 0.1);
}

TEST(Summary, RegressionHasNoAccuracy) {
  const Cell cell = Summarize({MakeRun(0, model::Norm::kUnit, NAN, 0.1)}, {}).cells.at(0);
  EXPECT_EQ(cell.runs_with_accuracy, 0);
  EXPECT_TRUE(std::isnan(cell.reached.value));
}

TEST(Summary, WritesFullBatchAsTheSweepFileDoes) {
  train::RunConfig config;
  EXPECT_EQ(KeyText(config, "train.batch"), "full");
  config.batch = 128;
  EXPECT_EQ(KeyText(config, "train.batch"), "128");
  EXPECT_EQ(KeyText(config, "model.norm"), "unit");
}

}  // namespace
}  // namespace crease::summary
