#include "lib/data/transform.h"

#include <numeric>
#include <set>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/data/fixture.h"

namespace crease::data {
namespace {

TEST(Standardize, GivesMeanZeroAndPopulationDeviationOne) {
  const double numbers[] = {1, 10, 1e9, 2, 10, 1e9 + 2, 6, 10, 1e9 + 4};  // (3, 3)
  const auto value = [&](std::size_t i) { return numbers[i]; };
  const Standardization measured = MeasureStandardization(3, 3, value);
  EXPECT_DOUBLE_EQ(measured.mean[0], 3.0);
  EXPECT_DOUBLE_EQ(measured.deviation[0], std::sqrt(14.0 / 3.0));
  EXPECT_EQ(measured.deviation[1], 1.0);  // constant: centred only
  const AlignedVector<float> x = ToInputs(3, 3, value, measured);
  EXPECT_FLOAT_EQ(x[0], static_cast<float>(-2.0 / std::sqrt(14.0 / 3.0)));
  EXPECT_EQ(x[1], 0.0f);
  EXPECT_FLOAT_EQ(x[2], static_cast<float>(-std::sqrt(1.5)));  // no loss beside a large mean
}

TEST(Standardize, AConstantThatIsNoBinaryFractionStaysConstant) {
  const auto value = [](std::size_t) { return 0.1; };
  const AlignedVector<float> x = ToInputs(999, 1, value, MeasureStandardization(999, 1, value));
  for (const float number : x) EXPECT_NEAR(number, 0.0f, 1e-12f);
}

RC_GTEST_PROP(SeededChoice, IsTheBeginningOfAPermutation, (std::uint32_t seed)) {
  const auto points = *rc::gen::inRange<std::size_t>(1, 200);
  const auto count = *rc::gen::inRange<std::size_t>(0, points + 1);
  const std::vector<std::size_t> all = SeededChoice(points, points, seed);
  RC_ASSERT(std::set<std::size_t>(all.begin(), all.end()).size() == points);
  RC_ASSERT(*std::max_element(all.begin(), all.end()) == points - 1);
  const std::vector<std::size_t> some = SeededChoice(points, count, seed);
  RC_ASSERT(some.size() == count);
  RC_ASSERT(std::equal(some.begin(), some.end(), all.begin()));
}

TEST(SeededChoice, EveryPointIsEquallyLikely) {
  std::vector<int> counts(10);
  for (std::int64_t seed = 0; seed < 10000; ++seed) {
    for (const std::size_t i : SeededChoice(10, 3, seed)) ++counts[i];
  }
  for (const int count : counts) EXPECT_NEAR(count, 3000, 5 * 46);
}

TEST(TakeSubset, KeepsRowsTogether) {
  Dataset dataset;
  dataset.task = "csv";
  dataset.inputs = 2;
  dataset.train.points = 50;
  for (int i = 0; i < 50; ++i) {
    dataset.train.x.push_back(static_cast<float>(i));
    dataset.train.x.push_back(static_cast<float>(-i));
    dataset.train.labels.push_back(i);
  }
  TakeSubset("data.subset", 20, 3, dataset);
  ASSERT_EQ(dataset.train.points, 20u);
  ASSERT_EQ(dataset.train.x.size(), 40u);
  ASSERT_EQ(dataset.train.labels.size(), 20u);
  EXPECT_TRUE(dataset.train.targets.empty());
  EXPECT_FALSE(std::is_sorted(dataset.train.labels.begin(), dataset.train.labels.end()));
  for (std::size_t i = 0; i < 20; ++i) {
    const auto label = static_cast<float>(dataset.train.labels[i]);
    EXPECT_EQ(dataset.train.x[2 * i], label);
    EXPECT_EQ(dataset.train.x[2 * i + 1], -label);
  }
}

TEST(Classes, AreSortedAndUnseenOnesAreErrors) {
  const std::vector<std::int64_t> labels = {10, -3, 9, 10};
  const auto classes = SortedClasses("y", labels);
  EXPECT_THAT(classes, ::testing::ElementsAre(-3, 9, 10));
  const auto place = [](std::size_t i) { return "test:" + std::to_string(i); };
  EXPECT_THAT(ClassesOf(labels, classes, place), ::testing::ElementsAre(2, 0, 1, 2));
  ExpectError(
      [&] {
        ClassesOf(std::vector<std::int64_t>{9, 4}, classes, place);
      },
      {Fault::kInput, "test:1", "no training point is of class 4", "some training points"});
  ExpectError(
      [&] {
        SortedClasses("y", std::vector<std::int64_t>{5, 5});
      },
      {Fault::kInput, "y", "of one class", "two classes"});
  std::vector<std::int64_t> many(20000);
  std::iota(many.begin(), many.end(), 0);
  ExpectError([&] { SortedClasses("y", many); },
              {Fault::kInput, "y", "20000 classes", "regression"});
}

}  // namespace
}  // namespace crease::data
