// Every file in sweeps/ is sound, and holds the runs that its README says.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/sweep/grid.h"

namespace crease::sweep {
namespace {

const std::filesystem::path kFolder = std::filesystem::path(CREASE_SOURCE_DIR) / "sweeps";

std::vector<std::string> Sweeps() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().extension() == ".toml") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string Readme() {
  std::stringstream text;
  text << std::ifstream(kFolder / "README.md").rdbuf();
  return text.str();
}

class Catalogue : public testing::TestWithParam<std::string> {};

TEST_P(Catalogue, ParsesAndExpands) {
  const Spec spec = ParseSpecFile((kFolder / (GetParam() + ".toml")).string());
  EXPECT_EQ(spec.name, GetParam()) << "a sweep is named as its file";
  EXPECT_NE(spec.question, "");
  EXPECT_THAT(spec.warnings, testing::IsEmpty());
  const std::vector<PlannedRun> runs = Expand(spec);
  EXPECT_GE(runs.size(), 2u);
  EXPECT_THAT(Readme(),
              testing::HasSubstr("| `" + GetParam() + "` | " + std::to_string(runs.size()) + " |"))
      << "README.md is to name the sweep with its number of runs";
}

INSTANTIATE_TEST_SUITE_P(Sweeps, Catalogue, testing::ValuesIn(Sweeps()),
                         [](const auto& info) { return info.param; });

TEST(Spiral, QuickstartTakesSixteenSeedsOfFourCells) {
  const Spec spec = ParseSpecFile((kFolder / "spiral.toml").string(), {"seed={range=[0,16]}"});
  EXPECT_EQ(Expand(spec).size(), 4u * 16u);
}

TEST(Mnist, TheQuickCellIsOneOverrideAnAxis) {
  const Spec spec = ParseSpecFile((kFolder / "mnist.toml").string(),
                                  {"model.width=128", "model.depth=2", "model.affine=false",
                                   "train.steps=1407", "data.task=fashion_mnist"});
  EXPECT_EQ(Expand(spec).size(), 8u * 2u);
}

}  // namespace
}  // namespace crease::sweep
