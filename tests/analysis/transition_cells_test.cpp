// Cells of runs made up by hand.
#include <cmath>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analysis/transitions/cells.h"
#include "analysis/transitions/keys.h"
#include "lib/core/error.h"

namespace crease::transitions {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Sample {
  std::vector<summary::CatalogRun> runs;
  std::vector<detect::Detection> detections;

  // A run of width `width` that ends after 1000 steps.
  detect::Detection& Add(std::int64_t width, std::vector<double> onsets, double lr = 1e-2) {
    summary::CatalogRun run;
    run.config.seed = runs.size();
    run.config.model.width = width;
    run.config.optim.lr = lr;
    run.run_id = std::to_string(runs.size());
    run.steps_done = 1000;
    runs.push_back(run);
    detect::Detection detection;
    for (const double onset : onsets) {
      detect::Transition transition;
      transition.onset_step = onset;
      transition.drop_nats = onset / 100;
      transition.width_steps = 10;
      detection.transitions.push_back(transition);
    }
    return detections.emplace_back(std::move(detection));
  }

  Comparison By(const std::string& keys) const {
    return CompareCells(runs, detections, ParseKeys("--by", keys));
  }
};

TEST(TransitionCells, CountRunsByTheirTransitions) {
  Sample sample;
  sample.Add(3, {});
  sample.Add(3, {100});
  sample.Add(3, {200, 400});
  sample.Add(3, {300, 500, 600});
  sample.Add(3, {150, 250, 350, 450});
  const Comparison comparison = sample.By("width");
  ASSERT_EQ(comparison.cells.size(), 1U);
  const Cell& cell = comparison.cells[0];
  EXPECT_THAT(cell.values, ElementsAre(train::Value(std::int64_t{3})));
  EXPECT_THAT(cell.runs_by_count, ElementsAre(1, 1, 1, 2));
  EXPECT_DOUBLE_EQ(cell.shares[3].value, 0.4);
  EXPECT_NEAR(cell.shares[3].low, 0.1176, 5e-5);  // Wilson, 2 of 5
  EXPECT_DOUBLE_EQ(cell.share_with_any.value, 0.8);
  EXPECT_EQ(cell.transitions, 10);
  EXPECT_EQ(cell.censored, 1);
  // Survival .8, .6, .4 at 100, 150, 200.
  EXPECT_EQ(cell.median_first_onset.value, 200);
  ASSERT_EQ(cell.survival.size(), 4U);
  EXPECT_EQ(cell.survival[1].at_risk, 4);
  EXPECT_DOUBLE_EQ(cell.drop_nats.median, 3.25);
  EXPECT_DOUBLE_EQ(cell.drop_nats.lower, 2.125);
  EXPECT_TRUE(comparison.pairs.empty());
  EXPECT_EQ(comparison.log_rank.degrees, 0);
}

TEST(TransitionCells, LeaveOutWhatTheScheduleExplains) {
  Sample sample;
  sample.Add(3, {100, 300}).transitions[0].schedule = true;
  sample.Add(3, {200}).transitions[0].schedule = true;
  sample.Add(3, {500}).transitions[0].open = true;
  const Cell cell = sample.By("width").cells.at(0);
  EXPECT_EQ(cell.schedule_tagged, 2);
  EXPECT_EQ(cell.transitions, 2);
  EXPECT_EQ(cell.open, 1);
  EXPECT_THAT(cell.runs_by_count, ElementsAre(1, 2, 0, 0));
  ASSERT_EQ(cell.first_onsets.size(), 3U);
  EXPECT_EQ(cell.first_onsets[0].length, 300);
  EXPECT_FALSE(cell.first_onsets[1].happened);
  EXPECT_EQ(cell.first_onsets[1].length, 1000);
}

TEST(TransitionCells, LeaveOutRunsWithoutAVerdictAndCensorDivergedOnesWhereTheyEnd) {
  Sample sample;
  sample.Add(3, {}).no_verdict = "too short";
  sample.Add(3, {});
  sample.runs.back().diverged = true;
  sample.runs.back().steps_done = 40;
  sample.Add(3, {60});
  const Cell cell = sample.By("width").cells.at(0);
  EXPECT_EQ(cell.without_verdict, 1);
  EXPECT_EQ(cell.diverged, 1);
  EXPECT_EQ(cell.censored, 1);
  EXPECT_DOUBLE_EQ(cell.share_with_any.value, 0.5);
  // The diverged run was gone by then: the one left at step 60 had its transition.
  ASSERT_EQ(cell.survival.size(), 1U);
  EXPECT_EQ(cell.survival[0].at_risk, 1);
  EXPECT_EQ(cell.survival[0].survival, 0);
}

TEST(TransitionCells, AreOrderedAndSayWhatTheyPool) {
  Sample sample;
  sample.Add(10, {100}, 1e-2);
  sample.Add(3, {200}, 1e-2);
  sample.Add(3, {200}, 1e-3);
  const Comparison comparison = sample.By("model.width");
  ASSERT_EQ(comparison.cells.size(), 2U);
  EXPECT_EQ(comparison.cells[0].values[0], train::Value(std::int64_t{3}));
  EXPECT_THAT(comparison.cells[0].members, ElementsAre(1, 2));
  ASSERT_EQ(comparison.pooled.size(), 1U);
  EXPECT_EQ(comparison.pooled[0].key->name, "train.lr");
  EXPECT_EQ(comparison.pooled[0].cells, 1U);
  EXPECT_EQ(sample.By("lr,width").cells.size(), 3U);
  EXPECT_TRUE(sample.By("lr,width").pooled.empty());
}

TEST(TransitionCells, AreComparedInPairs) {
  Sample sample;
  for (int i = 0; i < 12; ++i) {
    sample.Add(2, {100.0 + i});
    sample.Add(3, {105.0 + i});
    sample.Add(8, {});
  }
  const Comparison comparison = sample.By("width");
  EXPECT_EQ(comparison.log_rank.degrees, 2);
  EXPECT_LT(comparison.log_rank.p_value, 1e-6);
  ASSERT_EQ(comparison.pairs.size(), 3U);
  EXPECT_EQ(comparison.pairs[1].a, 0U);
  EXPECT_EQ(comparison.pairs[1].b, 2U);
  const std::vector<std::vector<statistics::Duration>> pair = {comparison.cells[0].first_onsets,
                                                               comparison.cells[1].first_onsets};
  EXPECT_EQ(comparison.pairs[0].test.chi_square, statistics::LogRank(pair).chi_square);
  // The weakest of three is not adjusted, the strongest three times.
  EXPECT_EQ(comparison.pairs[0].holm, comparison.pairs[0].test.p_value);
  EXPECT_DOUBLE_EQ(comparison.pairs[1].holm, 3 * comparison.pairs[1].test.p_value);
}

TEST(TransitionCells, WithoutEventsAreNotCompared) {
  Sample sample;
  for (const int width : {2, 3, 4}) sample.Add(width, {});
  const Comparison silent = sample.By("width");
  EXPECT_EQ(silent.log_rank.degrees, 0);
  EXPECT_TRUE(std::isnan(silent.pairs[0].holm));
  EXPECT_TRUE(std::isnan(silent.cells[0].drop_nats.median));
  EXPECT_TRUE(std::isinf(silent.cells[0].median_first_onset.value));
  EXPECT_TRUE(Sample().By("width").cells.empty());

  Sample many;
  for (std::size_t i = 0; i <= kComparedCells; ++i) many.Add(3, {100.0 + static_cast<double>(i)});
  const Comparison by_seed = many.By("seed");
  EXPECT_EQ(by_seed.cells.size(), kComparedCells + 1);
  EXPECT_EQ(by_seed.log_rank.degrees, 0);
  EXPECT_TRUE(by_seed.pairs.empty());
}

std::string Complaint(const std::string& keys) {
  try {
    ParseKeys("--by", keys);
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::kInput);
    return error.what();
  }
  return "no complaint";
}

TEST(Keys, AreFoundByBothNames) {
  const auto keys = ParseKeys("--by", "width, train.lr,loss_function");
  ASSERT_EQ(keys.size(), 3U);
  EXPECT_EQ(keys[0]->name, "model.width");
  EXPECT_EQ(keys[1]->name, "train.lr");
  EXPECT_EQ(keys[2]->name, "train.loss");
}

TEST(Keys, ThatAreNoneAreRefusedWithTheNearest) {
  EXPECT_THAT(Complaint("widht"), HasSubstr("did you mean model.width?"));
  EXPECT_THAT(Complaint("norm,learning_rate"), HasSubstr("train.lr"));
  EXPECT_THAT(Complaint("none"), HasSubstr("no such configuration key"));
  EXPECT_THAT(Complaint("width,model.width"), HasSubstr("twice"));
  EXPECT_THAT(Complaint(""), HasSubstr("names no key"));
  EXPECT_THAT(Complaint("width,"), HasSubstr("names no key"));
}

}  // namespace
}  // namespace crease::transitions
