// What sweep files mean; spec_errors_test.cpp has what is refused.
#include "lib/sweep/spec.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/core/error.h"
#include "lib/sweep/axis_values.h"

namespace crease::sweep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using train::StepSchedule;
using train::Value;

constexpr const char* kHead = "[sweep]\nname = \"x\"\n";

Spec Parse(const std::string& text, const std::vector<std::string>& overrides = {}) {
  return ParseSpec(kHead + text, "dir/x.toml", overrides);
}

std::vector<std::string> TextsOf(const std::vector<Value>& values) {
  std::vector<std::string> texts;
  for (const Value& value : values) texts.push_back(train::ToString(value));
  return texts;
}

std::vector<std::string> KeysOf(const Spec& spec) {
  std::vector<std::string> names;
  for (const Axis& axis : spec.axes) {
    std::string name;
    for (const auto* key : axis.keys) name.append(name.empty() ? "" : "+").append(key->name);
    names.push_back(name);
  }
  return names;
}

// The example of the documentation.
constexpr const char* kWhole = R"([sweep]
name = "spiral"
question = "Does it separate two spirals?"

[data]
task = "spiral"
points = 400
turns = 1.0

[model]
norm = "unit"
width = 3
eps = 1e-5

[train]
lr = 1e-2
steps = 20000
batch = "full"

[record]
scalars = { every = 1 }
weights = "auto"
activations = { every = 100, points = 64 }
gradients = "off"

[grid]
seed = { range = [0, 64] }
"model.width" = [2, 3, 4, 8]
"train.lr" = { log = [1e-3, 1e-1], n = 5 }

[[zip]]
"model.norm" = ["unit", "layernorm", "rmsnorm"]
"model.eps" = [1e-5, 3e-6, 3e-6]

[[exclude]]
"model.width" = 2
"model.norm" = "layernorm"
)";

TEST(Spec, ReadsEverySection) {
  const Spec spec = ParseSpec(kWhole, "sweeps/spiral.toml");
  EXPECT_EQ(spec.name, "spiral");
  EXPECT_EQ(spec.question, "Does it separate two spirals?");
  EXPECT_EQ(spec.path, "sweeps/spiral.toml");
  EXPECT_EQ(spec.text, kWhole);
  EXPECT_EQ(spec.base.data.points, 400);
  EXPECT_EQ(spec.base.batch, 0);
  EXPECT_EQ(spec.record, train::RecordOptions());
  EXPECT_THAT(KeysOf(spec), ElementsAre("seed", "model.width", "train.lr", "model.norm+model.eps"));
  EXPECT_EQ(spec.axes[0].values[0].size(), 64u);
  EXPECT_THAT(TextsOf(spec.axes[2].values[0]),
              ElementsAre("0.001", "0.00316227766017", "0.01", "0.0316227766017", "0.1"));
  EXPECT_EQ(spec.axes[1].place, "sweeps/spiral.toml:28:1");
  ASSERT_EQ(spec.exclusions.size(), 1u);
  EXPECT_EQ(spec.exclusions[0].keys.size(), 2u);
  EXPECT_THAT(spec.warnings, ElementsAre());
}

TEST(Spec, DefaultsAreThoseOfTheOptions) {
  const Spec spec = Parse("");
  EXPECT_EQ(ToJson(spec.base), ToJson(train::RunConfig()));
  EXPECT_THAT(spec.axes, ElementsAre());
  EXPECT_EQ(spec.question, "");
}

TEST(Spec, ReadsEveryFormOfAxis) {
  const auto values = [](const std::string& axis) {
    return TextsOf(Parse("[grid]\n" + axis).axes.at(0).values.at(0));
  };
  EXPECT_THAT(values("seed = [3, 1, 2]"), ElementsAre("3", "1", "2"));
  EXPECT_THAT(values("seed = [7]"), ElementsAre("7"));
  EXPECT_THAT(values("seed = { range = [2, 5] }"), ElementsAre("2", "3", "4"));
  EXPECT_THAT(values("seed = { range = [0, 10, 4] }"), ElementsAre("0", "4", "8"));
  EXPECT_THAT(values("\"train.lr\" = { range = [1, 3] }"), ElementsAre("1", "2"));
  EXPECT_THAT(values("\"train.lr\" = { linear = [0.1, 0.4], n = 4 }"),
              ElementsAre("0.1", "0.2", "0.3", "0.4"));
  EXPECT_THAT(values("\"model.width\" = { linear = [2, 10], n = 3 }"), ElementsAre("2", "6", "10"));
  EXPECT_THAT(values("\"model.width\" = { n = 4, log = [8, 64] }"),
              ElementsAre("8", "16", "32", "64"));
  EXPECT_THAT(values("\"train.batch\" = [\"full\", 32]"), ElementsAre("0", "32"));
  EXPECT_THAT(values("\"model.affine\" = [true, false]"), ElementsAre("true", "false"));
  EXPECT_THAT(values("seed = { range = [9223372036854775806, 9223372036854775807] }"),
              ElementsAre("9223372036854775806"));
}

TEST(Spec, RoundsTo12Digits) {
  EXPECT_EQ(RoundedTo12Digits(1.0 / 3.0), 0.333333333333);
  EXPECT_EQ(RoundedTo12Digits(2e300 / 3.0), 6.66666666667e299);
  EXPECT_EQ(RoundedTo12Digits(5.0), 5.0);
}

TEST(Spec, TakesKeysQuotedDottedAndNested) {
  const std::vector<std::string> forms = {
      "[grid]\n\"model.width\" = [2, 3]\nseed = [0]",
      "[grid]\nmodel.width = [2, 3]\nseed = [0]",
      "[grid]\nmodel = { width = [2, 3] }\nseed = [0]",
      "[grid.model]\nwidth = [2, 3]\n[[zip]]\nseed = [0]",
  };
  for (const std::string& form : forms) {
    const Spec spec = Parse(form);
    EXPECT_THAT(KeysOf(spec), ElementsAre("model.width", "seed")) << form;
    EXPECT_THAT(TextsOf(spec.axes[0].values[0]), ElementsAre("2", "3")) << form;
  }
}

TEST(Spec, KeepsTheOrderOfTheFile) {
  const Spec spec = Parse(
      "[[zip]]\n\"train.lr\" = [0.1, 0.2]\n[grid]\nseed = [0]\n\"model.width\" = [3]\n"
      "\"data.turns\" = [1]\n[[zip]]\n\"model.depth\" = [1, 2]\n");
  EXPECT_THAT(KeysOf(spec),
              ElementsAre("train.lr", "seed", "model.width", "data.turns", "model.depth"));
}

TEST(Spec, SeedMayStandAtTheTop) {
  EXPECT_EQ(ParseSpec("seed = 3\n[sweep]\nname = \"x\"", "x.toml").base.seed, 3u);
  EXPECT_EQ(Parse("", {"seed=3"}).base.seed, 3u);
  EXPECT_THAT(TextsOf(Parse("", {"seed={range=[0,3]}"}).axes.at(0).values.at(0)),
              ElementsAre("0", "1", "2"));
}

TEST(Spec, OverridesReplaceValuesAndAxes) {
  const auto parse = [](const std::string& assignment) {
    return ParseSpec(kWhole, "spiral.toml", {assignment});
  };
  EXPECT_EQ(parse("train.steps=500").base.steps, 500);
  EXPECT_EQ(parse(" train.steps = 500 ").base.steps, 500);
  EXPECT_EQ(parse("model.init=he").base.model.init, model::Init::kHe);
  EXPECT_EQ(parse("model.init=\"he\"").base.model.init, model::Init::kHe);
  EXPECT_EQ(parse("sweep.name=2026").name, "2026");
  EXPECT_EQ(parse("train.batch=full").base.batch, 0);

  const Spec shorter = parse("seed={range=[0,16]}");
  EXPECT_EQ(shorter.axes[0].values[0].size(), 16u);
  EXPECT_THAT(KeysOf(shorter), testing::ElementsAreArray(KeysOf(parse("train.steps=1"))));
  EXPECT_EQ(shorter.axes[0].place, "--set seed={range=[0,16]}");

  const Spec fixed = parse("train.lr=0.5");
  EXPECT_THAT(KeysOf(fixed), ElementsAre("seed", "model.width", "model.norm+model.eps"));
  EXPECT_EQ(fixed.base.optim.lr, 0.5);

  EXPECT_THAT(
      KeysOf(parse("model.depth=[1, 2]")),
      ElementsAre("seed", "model.width", "train.lr", "model.norm+model.eps", "model.depth"));
  EXPECT_THAT(TextsOf(parse("model.eps=[1, 2, 3]").axes[3].values[1]), ElementsAre("1", "2", "3"));
}

TEST(Spec, TheLastOverrideWins) {
  EXPECT_EQ(Parse("", {"train.steps=5", "train.steps=6"}).base.steps, 6);
  EXPECT_EQ(Parse("", {"seed=[1, 2]", "seed=4"}).base.seed, 4u);
  EXPECT_THAT(Parse("", {"train.steps=5"}).overrides, ElementsAre("train.steps=5"));
}

TEST(Spec, OverridesRecording) {
  const auto record = [](const std::string& assignment) { return Parse("", {assignment}).record; };
  EXPECT_EQ(record("record.weights={every=1}").weights, StepSchedule::Every(1));
  EXPECT_EQ(record("record.weights=off").weights, StepSchedule::Off());
  EXPECT_EQ(record("record.bursts=off").bursts, false);
}

TEST(Spec, AnExclusionThatOverridesLeaveEmptyIsAWarning) {
  const Spec spec = ParseSpec(kWhole, "spiral.toml", {"model.width=3"});
  ASSERT_EQ(spec.warnings.size(), 1u);
  EXPECT_THAT(spec.warnings[0], HasSubstr("spiral.toml:35:1"));
}

TEST(Spec, ReadsEveryFormOfRecording) {
  const auto record = [](const std::string& line) { return Parse("[record]\n" + line).record; };
  EXPECT_EQ(record("scalars = { every = 10 }").scalars, StepSchedule::Every(10));
  EXPECT_EQ(record("weights = \"off\"").weights, StepSchedule::Off());
  EXPECT_EQ(record("weights = { per_decade = 32 }").weights.per_decade, 32);
  EXPECT_THAT(record("gradients = { at = [0, 10, 100] }").gradients.at, ElementsAre(0, 10, 100));
  EXPECT_EQ(record("test = { every = 5 }").test, StepSchedule::Every(5));
  const train::RecordOptions all = record("activations = { every = 1, points = \"all\" }");
  EXPECT_EQ(all.activations, StepSchedule::Every(1));
  EXPECT_EQ(all.activation_points, 0);
  const train::RecordOptions more = record("activations = { points = 8 }");
  EXPECT_EQ(more.activations, StepSchedule::Every(100));
  EXPECT_EQ(more.activation_points, 8);
  EXPECT_EQ(record("activations = \"off\"").activations, StepSchedule::Off());
  EXPECT_EQ(record("bursts = \"off\"").bursts, false);
  EXPECT_EQ(record("bursts = { before = 7 }").burst_before_steps, 7);
  EXPECT_EQ(record("checkpoint = \"off\"").checkpoint_every_steps, 0);
  EXPECT_EQ(record("checkpoint = { every = 9 }").checkpoint_every_steps, 9);
}

TEST(Spec, RecordingMayBeginAndEndOnTheWay) {
  const auto record = [](const std::string& line) { return Parse("[record]\n" + line).record; };
  EXPECT_EQ(record("weights = { every = 2, from = 10, to = 20 }").weights,
            StepSchedule::Every(2).Within(10, 20));
  EXPECT_EQ(record("activations = { to = 20 }").activations,
            StepSchedule::Every(100).Within(0, 20));
  EXPECT_TRUE(Parse("[record]\nbursts = { before = 7 }").warnings.empty());
}

TEST(Spec, TheHeadsBiasFollowsTheOthersUnlessGiven) {
  EXPECT_FALSE(Parse("[model]\nbias = false").base.model.head_bias);
  EXPECT_FALSE(Parse("[model]\nhead_bias = false").base.model.head_bias);
  const Spec axis = Parse("[grid]\n\"model.bias\" = [true, false]");
  EXPECT_THAT(KeysOf(axis), ElementsAre("model.bias+model.head_bias"));
  EXPECT_THAT(TextsOf(axis.axes[0].values[1]), ElementsAre("true", "false"));
}

TEST(Spec, RelativePathsStartAtTheSweepFile) {
  const std::filesystem::path here = std::filesystem::current_path();
  const Spec spec = Parse("[data]\ntask = \"csv\"\npath = \"../a.csv\"");
  EXPECT_EQ(spec.base.data.path, (here / "a.csv").string());
  const Spec absolute = Parse("[data]\ntask = \"csv\"\npath = \"/x/a.csv\"");
  EXPECT_EQ(absolute.base.data.path, "/x/a.csv");
}

TEST(Spec, ReadsFiles) {
  const std::filesystem::path path =
      std::filesystem::path(testing::TempDir()) / "spec_test_good.toml";
  std::ofstream(path) << kWhole;
  EXPECT_EQ(ParseSpecFile(path.string()).text, kWhole);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace crease::sweep
