#include "lib/train/schedule.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "lib/core/error.h"

namespace crease::train {
namespace {

using Form = StepSchedule::Form;
using testing::ElementsAre;
using testing::HasSubstr;

StepSchedule PerDecade(std::int64_t count) {
  return {.form = Form::kPerDecade, .per_decade = count};
}
StepSchedule At(const std::vector<std::int64_t>& steps) { return {.form = Form::kAt, .at = steps}; }

StepSchedule ArbitrarySchedule() {
  switch (*rc::gen::inRange(0, 5)) {
    case 0:
      return StepSchedule::Off();
    case 1:
      return StepSchedule::Auto();
    case 2:
      return StepSchedule::Every(*rc::gen::inRange<std::int64_t>(1, 50));
    case 3:
      return PerDecade(*rc::gen::inRange<std::int64_t>(1, 40));
    default: {
      auto steps = *rc::gen::nonEmpty(
          rc::gen::container<std::vector<std::int64_t>>(rc::gen::inRange<std::int64_t>(0, 500)));
      std::sort(steps.begin(), steps.end());
      steps.erase(std::unique(steps.begin(), steps.end()), steps.end());
      return At(steps);
    }
  }
}

TEST(RecordedSteps, FollowsEachForm) {
  EXPECT_THAT(RecordedSteps(StepSchedule::Off(), 10, 1), ElementsAre());
  EXPECT_THAT(RecordedSteps(StepSchedule::Every(4), 10, 1), ElementsAre(0, 4, 8, 10));
  EXPECT_THAT(RecordedSteps(StepSchedule::Every(5), 10, 1), ElementsAre(0, 5, 10));
  EXPECT_THAT(RecordedSteps(StepSchedule::Every(100), 10, 1), ElementsAre(0, 10));
  EXPECT_THAT(RecordedSteps(StepSchedule::Every(1), 0, 1), ElementsAre(0));
  EXPECT_THAT(RecordedSteps(At({0, 3, 11}), 10, 1), ElementsAre(0, 3));
  EXPECT_THAT(RecordedSteps(PerDecade(3), 100, 1), ElementsAre(0, 1, 2, 5, 10, 22, 46, 100));
  EXPECT_THAT(RecordedSteps(PerDecade(1), 5000, 1), ElementsAre(0, 1, 10, 100, 1000, 5000));
}

TEST(RecordedSteps, RoundsPowersOfTenExactlyUpToABillion) {
  const std::vector<std::int64_t> steps = RecordedSteps(PerDecade(64), 1'000'000'000, 1);
  for (std::int64_t power = 1; power <= 1'000'000'000; power *= 10) {
    EXPECT_TRUE(std::binary_search(steps.begin(), steps.end(), power)) << power;
  }
  EXPECT_LE(steps.size(), 64u * 9 + 2);
}

TEST(RecordedSteps, AutoTakesTheSmallestRoundStrideThatIsWideEnough) {
  const auto stride = [](double at_least) {
    return RecordedSteps(StepSchedule::Auto(), 100'000, at_least)[1];
  };
  EXPECT_EQ(stride(0.3), 1);
  EXPECT_EQ(stride(1.0), 1);
  EXPECT_EQ(stride(1.01), 2);
  EXPECT_EQ(stride(2.5), 5);
  EXPECT_EQ(stride(5.5), 10);
  EXPECT_EQ(stride(11), 20);
  EXPECT_EQ(stride(21), 50);
  EXPECT_EQ(stride(999.5), 1000);
  EXPECT_EQ(stride(1e30), 100'000);
}

RC_GTEST_PROP(RecordedSteps, IncreasesWithinTheRun, ()) {
  const StepSchedule schedule = ArbitrarySchedule();
  const auto last = *rc::gen::inRange<std::int64_t>(0, 2000);
  const double at_least = *rc::gen::inRange(1, 10'000) / 100.0;
  const std::vector<std::int64_t> steps = RecordedSteps(schedule, last, at_least);
  RC_ASSERT(std::is_sorted(steps.begin(), steps.end()));
  RC_ASSERT(std::adjacent_find(steps.begin(), steps.end()) == steps.end());
  for (const std::int64_t step : steps) RC_ASSERT(step >= 0 && step <= last);
  if (schedule.form != Form::kOff && schedule.form != Form::kAt) {
    RC_ASSERT(steps.front() == 0);
    RC_ASSERT(steps.back() == last);
  }
}

RecordOptions ArbitraryRecord() {
  RecordOptions record;
  record.scalars = StepSchedule::Every(*rc::gen::inRange<std::int64_t>(1, 20));
  record.weights = ArbitrarySchedule();
  record.activations = ArbitrarySchedule();
  record.activation_points = *rc::gen::inRange<std::int64_t>(0, 100);
  record.gradients = ArbitrarySchedule();
  record.test = ArbitrarySchedule();
  record.bursts = *rc::gen::arbitrary<bool>();
  record.checkpoint_every_steps = *rc::gen::inRange<std::int64_t>(0, 3000);
  return record;
}

RC_GTEST_PROP(RecordJson, RoundTrips, ()) {
  RecordOptions record = ArbitraryRecord();
  // What is off has no points to write.
  if (record.activations.form == Form::kOff) {
    record.activation_points = RecordOptions().activation_points;
  }
  const std::string text = ToJson(record);
  RC_ASSERT(RecordFromJson(text) == record);
  RC_ASSERT(ToJson(RecordFromJson(text)) == text);
}

TEST(RecordJson, RefusesWhatItCannotHaveWritten) {
  const std::string good = ToJson(RecordOptions());
  EXPECT_NO_THROW(RecordFromJson(good));
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return text;
  };
  for (const std::string& text :
       {std::string(), std::string("[]"), std::string("{}"), with("\"auto\"", "\"often\""),
        with("{\"every\":1}", "{\"every\":0}"), with("{\"every\":1}", "{\"every\":\"1\"}"),
        with("{\"every\":1}", "{\"at\":[true]}"), with("{\"every\":1}", "3"),
        with("\"gradients\"", "\"gradient\""), with("\"points\":64", "\"points\":-1")}) {
    EXPECT_THROW(RecordFromJson(text), Error) << text;
  }
}

// Whether every step that `asked` records is among those of `recorded`.
bool Holds(const StepSchedule& recorded, const StepSchedule& asked, std::int64_t last) {
  const auto has = RecordedSteps(recorded, last, 1), wants = RecordedSteps(asked, last, 1);
  return std::includes(has.begin(), has.end(), wants.begin(), wants.end());
}

RC_GTEST_PROP(MissingRecordings, IsSilentOnlyWhereAllStepsAreThere, ()) {
  RecordOptions recorded, asked;
  recorded.weights = ArbitrarySchedule();
  asked.weights = ArbitrarySchedule();
  RC_PRE(asked.weights.form != Form::kAuto && recorded.weights.form != Form::kAuto);
  if (!MissingRecordings(recorded, asked).empty()) return;
  RC_ASSERT(Holds(recorded.weights, asked.weights, *rc::gen::inRange<std::int64_t>(1, 2000)));
}

RC_GTEST_PROP(MissingRecordings, IsEmptyForTheSameOptions, ()) {
  const RecordOptions record = ArbitraryRecord();
  RC_ASSERT(MissingRecordings(record, record) == "");
}

TEST(RecordedSteps, MayBeginAndEndOnTheWay) {
  EXPECT_THAT(RecordedSteps(StepSchedule::Every(10).Within(15, 40), 100, 1),
              ElementsAre(20, 30, 40));
  EXPECT_THAT(RecordedSteps(StepSchedule::Every(60).Within(15, StepSchedule::kToEnd), 100, 1),
              ElementsAre(60, 100));
  const StepSchedule at{.form = StepSchedule::Form::kAt, .at = {1, 5, 9}};
  EXPECT_THAT(RecordedSteps(at.Within(2, 8), 100, 1), ElementsAre(5));
  EXPECT_THAT(RecordedSteps(StepSchedule::Every(10).Within(41, 49), 100, 1), ElementsAre());
}

TEST(RecordJson, KeepsBeginningAndEnd) {
  RecordOptions record;
  record.weights = StepSchedule::Every(3).Within(4, 50);
  record.activations = StepSchedule::Every(1).Within(0, 9);
  record.test = StepSchedule::Auto().Within(7, StepSchedule::kToEnd);
  EXPECT_EQ(RecordFromJson(ToJson(record)), record);
}

TEST(MissingRecordings, APartIsNotTheWhole) {
  RecordOptions part, whole, less;
  part.scalars = StepSchedule::Every(1).Within(100, 200);
  less.scalars = StepSchedule::Every(2).Within(150, 160);
  EXPECT_THAT(MissingRecordings(part, whole), HasSubstr("from step 100 up to step 200"));
  EXPECT_EQ(MissingRecordings(whole, part), "");
  EXPECT_EQ(MissingRecordings(part, less), "");
}

TEST(MissingRecordings, BurstsAreToldToo) {
  RecordOptions none, wide, usual;
  none.bursts = false;
  wide.burst_before_steps = 300;
  EXPECT_EQ(MissingRecordings(usual, none), "");
  EXPECT_THAT(MissingRecordings(none, usual), HasSubstr("no bursts"));
  EXPECT_THAT(MissingRecordings(usual, wide), HasSubstr("300"));
  EXPECT_EQ(MissingRecordings(wide, usual), "");
}

TEST(MissingRecordings, NamesWhatIsSparser) {
  RecordOptions recorded, asked;
  recorded.weights = StepSchedule::Every(10);
  asked.weights = StepSchedule::Every(1);
  EXPECT_EQ(MissingRecordings(recorded, asked), "weights every 10 steps, asked every step");
  asked.weights = StepSchedule::Every(20);
  EXPECT_EQ(MissingRecordings(recorded, asked), "");
  asked.weights = StepSchedule::Every(15);
  EXPECT_EQ(MissingRecordings(recorded, asked), "weights every 10 steps, asked every 15 steps");
  recorded.weights = PerDecade(16);
  asked.weights = PerDecade(8);
  EXPECT_EQ(MissingRecordings(recorded, asked), "");
  EXPECT_EQ(MissingRecordings(asked, recorded),
            "weights 8 steps a decade, asked 16 steps a decade");
  asked = recorded;
  asked.gradients = PerDecade(8);
  asked.activation_points = 0;
  EXPECT_EQ(MissingRecordings(recorded, asked),
            "gradients off, asked 8 steps a decade; activations of 64 points, asked all points");
}

}  // namespace
}  // namespace crease::train
