#include "lib/sweep/grid.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "lib/core/error.h"

namespace crease::sweep {
namespace {

using testing::ElementsAre;

std::vector<PlannedRun> Runs(const std::string& text,
                             const std::vector<std::string>& overrides = {}) {
  return Expand(ParseSpec("[sweep]\nname = \"x\"\n" + text, "x.toml", overrides));
}

std::vector<std::string> IdsOf(const std::vector<PlannedRun>& runs) {
  std::vector<std::string> ids;
  for (const PlannedRun& run : runs) ids.push_back(run.run_id);
  return ids;
}

std::set<std::string> IdSet(const std::vector<PlannedRun>& runs) {
  const std::vector<std::string> ids = IdsOf(runs);
  return {ids.begin(), ids.end()};
}

TEST(Expand, RunsThroughTheLastAxisFastest) {
  const std::vector<PlannedRun> runs = Runs(
      "[grid]\n\"model.width\" = [2, 3]\nseed = [0, 1]\n[[zip]]\n\"model.norm\" = [\"unit\", "
      "\"dyt\"]\n\"model.depth\" = [1, 2]\n");
  std::vector<std::string> cells;
  for (const PlannedRun& run : runs) {
    EXPECT_EQ(run.config.model.norm == model::Norm::kDyT, run.config.model.depth == 2);
    cells.push_back(std::to_string(run.config.model.width) + std::to_string(run.config.seed) +
                    std::to_string(run.config.model.depth));
  }
  EXPECT_THAT(cells, ElementsAre("201", "202", "211", "212", "301", "302", "311", "312"));
}

TEST(Expand, WithoutAxesIsOneRun) {
  const std::vector<PlannedRun> runs = Runs("");
  ASSERT_EQ(runs.size(), 1u);
  EXPECT_EQ(runs[0].config.data.points, 400) << "the task's own number is filled in";
  EXPECT_EQ(runs[0].run_id, train::RunId(runs[0].config));
}

TEST(Expand, LeavesOutWhatMatchesAllKeysOfAnExclusion) {
  const std::string grid = "[grid]\n\"model.width\" = [2, 3, 4]\nseed = [0, 1]\n[[exclude]]\n";
  EXPECT_EQ(Runs(grid + "\"model.width\" = 2").size(), 4u);
  EXPECT_EQ(Runs(grid + "\"model.width\" = 2\nseed = 1").size(), 5u);
  EXPECT_EQ(Runs(grid + "\"model.width\" = [2, 4]\nseed = 1").size(), 4u);
  EXPECT_EQ(Runs(grid + "\"model.width\" = 2\n[[exclude]]\nseed = 1").size(), 2u);
  EXPECT_EQ(Runs(grid + "\"model.width\" = 2\n\"model.norm\" = \"unit\"").size(), 4u);
  for (const PlannedRun& run : Runs(grid + "\"model.width\" = 2\nseed = 1")) {
    EXPECT_FALSE(run.config.model.width == 2 && run.config.seed == 1);
  }
}

TEST(Expand, AnInconsistentCellMayBeExcluded) {
  EXPECT_EQ(Runs("[grid]\n\"model.norm\" = [\"unit\", \"layernorm\"]\n\"model.width\" = [1, 3]\n"
                 "[[exclude]]\n\"model.norm\" = \"layernorm\"\n\"model.width\" = 1")
                .size(),
            3u);
}

TEST(Expand, HoldsEachRunOnce) {
  // 0 and 400 points are the same spiral.
  EXPECT_EQ(Runs("[grid]\n\"data.points\" = [0, 400, 300]").size(), 2u);
}

TEST(Expand, ExtendingAnAxisKeepsTheIds) {
  const auto fewer = IdSet(Runs("[grid]\nseed = { range = [0, 4] }"));
  const auto more = IdSet(Runs("[grid]\nseed = { range = [0, 8] }"));
  EXPECT_EQ(more.size(), 8u);
  EXPECT_TRUE(std::includes(more.begin(), more.end(), fewer.begin(), fewer.end()));
}

TEST(Expand, IdsDoNotDependOnHowItIsWritten) {
  const auto ids =
      IdSet(Runs("[model]\nwidth = 4\neps = 1e-5\n[train]\nlr = 1\n[grid]\n"
                 "seed = [0, 1, 2]\n\"model.depth\" = [1, 2]"));
  EXPECT_EQ(ids.size(), 6u);
  const std::vector<std::string> others = {
      "[train]\nlr = 1.0\n[grid]\n\"model.depth\" = [2, 1]\nseed = { range = [0, 3] }\n"
      "[model]\neps = 0.00001\nwidth = 4",
      "[train]\nlr = 1e0\n[model]\nwidth = 0x4\n[[zip]]\n\"model.depth\" = [1, 2]\n"
      "[grid]\nseed = [2, 1, 0]\n[record]\nweights = \"off\"\ngradients = { every = 1 }",
      "[train]\nlr = +1\n[grid]\nmodel.width = [4]\nseed = [1, 2, 0]\nmodel.depth = [1, 2]\n"
      "[data]\ntask = \"spiral\"\npoints = 400 # its own number",
  };
  for (const std::string& other : others) EXPECT_EQ(IdSet(Runs(other)), ids) << other;
  EXPECT_EQ(IdSet(Runs("[train]\nlr = 9",
                       {"train.lr=1", "model.width=4", "seed=[0,1,2]", "model.depth=[1,2]"})),
            ids);
  EXPECT_NE(IdSet(Runs("[train]\nlr = 1.0000001\n[model]\nwidth = 4\n[grid]\n"
                       "seed = [0, 1, 2]\n\"model.depth\" = [1, 2]")),
            ids);
}

TEST(Expand, KnowsTheUsersFilesByTheirContents) {
  const std::filesystem::path directory =
      std::filesystem::path(testing::TempDir()) / "crease_grid_test";
  std::filesystem::create_directory(directory);
  const auto write = [&](const std::string& name, const std::string& text) {
    std::ofstream(directory / name) << text;
  };
  const auto id = [&](const std::string& name) {
    return Runs("[data]\ntask = \"csv\"\npath = \"" + (directory / name).string() + "\"")
        .at(0)
        .run_id;
  };
  write("a.csv", "a,b,label\n1,2,0\n3,4,1\n5,6,0\n");
  write("b.csv", "a,b,label\n1,2,0\n3,4,1\n5,6,0\n");
  write("c.csv", "a,b,label\n1,2,0\n3,4,1\n5,6,1\n");
  EXPECT_EQ(id("a.csv"), id("b.csv"));
  EXPECT_NE(id("a.csv"), id("c.csv"));
  EXPECT_THROW(id("absent.csv"), Error);
  std::filesystem::remove_all(directory);
}

TEST(Expand, TakesAMomentForManyRuns) {
  // 100,000 runs; the time limit of the test is the assertion.
  const std::vector<PlannedRun> runs =
      Runs("[grid]\nseed = { range = [0, 1000] }\n\"data.data_seed\" = { range = [0, 100] }");
  EXPECT_EQ(IdSet(runs).size(), 100'000u);
}

std::vector<PlannedRun> ArbitraryRuns() {
  const auto runs = *rc::gen::inRange<std::size_t>(0, 60);
  std::vector<PlannedRun> planned(runs);
  for (std::size_t i = 0; i < runs; ++i) {
    train::RunConfig& config = planned[i].config;
    config.seed = i;
    config.steps = *rc::gen::inRange<std::int64_t>(1, 5000);
    config.model.width = *rc::gen::inRange<std::int64_t>(1, 300);
    config.model.depth = *rc::gen::inRange<std::int64_t>(0, 6);
    planned[i].run_id = train::RunId(config);
  }
  return planned;
}

double LoadOf(const std::vector<PlannedRun>& runs) {
  double load = 0;
  for (const PlannedRun& run : runs) load += EstimatedFlops(run.config);
  return load;
}

RC_GTEST_PROP(ShardOf, IsABalancedPartition, ()) {
  const std::vector<PlannedRun> runs = ArbitraryRuns();
  const int count = *rc::gen::inRange(1, 20);
  std::vector<std::string> all;
  double least = 1e300, most = 0, costliest = 0;
  for (const PlannedRun& run : runs) costliest = std::max(costliest, EstimatedFlops(run.config));
  for (int index = 1; index <= count; ++index) {
    const std::vector<PlannedRun> shard = ShardOf(runs, index, count);
    for (const std::string& id : IdsOf(shard)) all.push_back(id);
    least = std::min(least, LoadOf(shard));
    most = std::max(most, LoadOf(shard));
  }
  RC_ASSERT(all.size() == runs.size());
  RC_ASSERT(std::set<std::string>(all.begin(), all.end()) == IdSet(runs));
  // Greedy: the fullest shard was the emptiest before its last run.
  RC_ASSERT(most - least <= costliest * (1 + 1e-9));
}

RC_GTEST_PROP(ShardOf, DoesNotDependOnTheOrderOfTheList, ()) {
  const std::vector<PlannedRun> runs = ArbitraryRuns();
  std::vector<PlannedRun> reversed(runs.rbegin(), runs.rend());
  const int count = *rc::gen::inRange(1, 8), index = *rc::gen::inRange(1, count + 1);
  RC_ASSERT(IdSet(ShardOf(runs, index, count)) == IdSet(ShardOf(reversed, index, count)));
}

TEST(ShardOf, DoesNotDependOnTheOrderOfRunsThatCostTheSame) {
  const std::vector<PlannedRun> runs = Runs("[grid]\nseed = { range = [0, 10] }");
  const std::vector<PlannedRun> reversed(runs.rbegin(), runs.rend());
  EXPECT_EQ(IdSet(ShardOf(runs, 1, 2)), IdSet(ShardOf(reversed, 1, 2)));
}

TEST(ShardOf, KeepsTheOrderOfTheList) {
  const std::vector<PlannedRun> runs = Runs("[grid]\nseed = { range = [0, 9] }");
  const std::vector<PlannedRun> shard = ShardOf(runs, 2, 3);
  EXPECT_EQ(shard.size(), 3u);
  EXPECT_TRUE(std::is_sorted(shard.begin(), shard.end(), [](const auto& a, const auto& b) {
    return a.config.seed < b.config.seed;
  }));
}

TEST(EstimatedFlops, GrowsWithWhatCosts) {
  train::RunConfig config;
  const double base = EstimatedFlops(config);
  const auto with = [&](auto change) {
    train::RunConfig changed = config;
    change(changed);
    return EstimatedFlops(changed);
  };
  EXPECT_DOUBLE_EQ(with([](auto& c) { c.steps *= 2; }), 2 * base);
  EXPECT_GT(with([](auto& c) { c.model.width = 30; }), base);
  EXPECT_GT(with([](auto& c) { c.model.depth = 3; }), base);
  EXPECT_GT(with([](auto& c) { c.data.points = 800; }), base);
  EXPECT_LT(with([](auto& c) { c.batch = 32; }), base);
}

}  // namespace
}  // namespace crease::sweep
