#include "lib/train/config_keys.h"

#include <cmath>
#include <limits>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "lib/core/error.h"
#include "lib/data/dataset.h"

namespace crease::train {
namespace {

using testing::HasSubstr;

std::vector<std::string> AllNames() {
  std::vector<std::string> names;
  for (const ConfigKey& key : ConfigKeys()) names.emplace_back(key.name);
  return names;
}

std::string Set(std::string_view name, const Value& value, RunConfig& config) {
  return SetConfigValue(*FindConfigKey(name), value, config);
}

// Any value that the key takes.
Value ArbitraryValue(const ConfigKey& key) {
  switch (key.type) {
    case ValueType::kBool:
      return *rc::gen::arbitrary<bool>();
    case ValueType::kInteger:
      if (key.name == "data.sectors") return 2 * *rc::gen::inRange<std::int64_t>(1, 100);
      return *rc::gen::inRange<std::int64_t>(2, 1000);
    case ValueType::kReal:
      if (key.name == "model.exponent") return static_cast<double>(*rc::gen::inRange(1, 4));
      // Odd digits, so that round trips are put to the test.
      return *rc::gen::inRange(1, 1'000'000) / 1234567.0 + 1e-6;
    case ValueType::kString:
      if (!key.choices.empty()) return *rc::gen::elementOf(key.choices);
      return *rc::gen::container<std::string>(rc::gen::inRange<char>(' ', '~'));
  }
  return false;
}

RunConfig ArbitraryConfig() {
  RunConfig config;
  for (const ConfigKey& key : ConfigKeys()) {
    const std::string wrong = SetConfigValue(key, ArbitraryValue(key), config);
    RC_ASSERT(wrong == "");
  }
  return config;
}

bool SameValues(const RunConfig& a, const RunConfig& b) {
  for (const ConfigKey& key : ConfigKeys()) {
    if (key.get(a) != key.get(b)) return false;
  }
  return a.data_digest == b.data_digest;
}

TEST(ConfigKeys, HoldsEveryKeyOnceWithItsDefaultInRange) {
  const std::vector<std::string> names = AllNames();
  EXPECT_EQ(names.size(), 49u);
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), names.size());
  EXPECT_EQ(names.back(), "seed");
  for (const ConfigKey& key : ConfigKeys()) {
    RunConfig config;
    const Value before = key.get(config);
    EXPECT_EQ(before.index(), static_cast<std::size_t>(key.type)) << key.name;
    EXPECT_EQ(key.set(before, config), "") << key.name;
    EXPECT_EQ(key.get(config), before) << key.name;
    EXPECT_NE(key.description, "") << key.name;
    EXPECT_EQ(FindConfigKey(key.name), &key);
  }
  EXPECT_EQ(FindConfigKey("model.widht"), nullptr);
}

TEST(ConfigKeys, ShortNamesAreUnique) {
  // The store's coordinates and SQL's columns are named by the last part.
  std::set<std::string_view> seen;
  for (const ConfigKey& key : ConfigKeys()) EXPECT_TRUE(seen.insert(key.short_name()).second);
  EXPECT_EQ(FindConfigKey("model.width")->section(), "model");
  EXPECT_EQ(FindConfigKey("seed")->section(), "");
  EXPECT_EQ(FindConfigKey("seed")->short_name(), "seed");
}

TEST(SetConfigValue, TakesIntegersAsRealsAndTheWordAsItsInteger) {
  RunConfig config;
  EXPECT_EQ(Set("train.lr", std::int64_t{1}, config), "");
  EXPECT_EQ(config.optim.lr, 1.0);
  EXPECT_EQ(Set("train.batch", std::int64_t{128}, config), "");
  EXPECT_EQ(config.batch, 128);
  EXPECT_EQ(Set("train.batch", std::string("full"), config), "");
  EXPECT_EQ(config.batch, 0);
  EXPECT_EQ(Set("data.points", std::int64_t{0}, config), "");
}

TEST(SetConfigValue, SaysWhatIsWrongAndChangesNothing) {
  RunConfig config;
  EXPECT_EQ(Set("model.width", std::int64_t{0}, config), "is 0, must be an integer in 1 ... 65536");
  EXPECT_EQ(Set("model.width", 3.5, config),
            "is a number (3.5), must be an integer in 1 ... 65536");
  EXPECT_EQ(Set("model.bias", std::int64_t{1}, config), "is an integer (1), must be true or false");
  EXPECT_EQ(Set("train.lr", std::string("fast"), config), "is \"fast\", must be a number > 0");
  EXPECT_EQ(Set("train.lr", std::numeric_limits<double>::quiet_NaN(), config),
            "is nan, must be a number > 0");
  EXPECT_EQ(Set("train.lr", std::numeric_limits<double>::infinity(), config),
            "is inf, must be a number > 0");
  EXPECT_EQ(Set("train.momentum", 1.0, config), "is 1, must be a number in [0, 1)");
  EXPECT_THAT(Set("train.batch", std::int64_t{0}, config), HasSubstr("or \"full\""));
  EXPECT_THAT(Set("train.batch", std::string("half"), config), HasSubstr("or \"full\""));
  EXPECT_THAT(Set("model.norm", std::string("layer"), config),
              HasSubstr("is \"layer\", must be one of unit, layernorm"));
  EXPECT_THAT(Set("model.exponent", 1.5, config), HasSubstr("1, 2 or 3"));
  EXPECT_THAT(Set("data.points", std::int64_t{1}, config), HasSubstr("or 0"));
  EXPECT_THAT(Set("data.path", std::string("a\nb"), config), HasSubstr("control"));
  EXPECT_THAT(Set("seed", std::int64_t{-1}, config), HasSubstr(">= 0"));
  EXPECT_TRUE(SameValues(config, RunConfig()));
}

struct Guess {
  std::string written, meant;
};
class NearestNameTest : public testing::TestWithParam<Guess> {};

TEST_P(NearestNameTest, FindsWhatWasMeant) {
  EXPECT_EQ(NearestName(GetParam().written, AllNames()), GetParam().meant);
}

INSTANTIATE_TEST_SUITE_P(
    Names, NearestNameTest,
    testing::Values(Guess{"model.depht", "model.depth"}, Guess{"model.Width", "model.width"},
                    Guess{"lr", "train.lr"}, Guess{"model.lr", "train.lr"},
                    Guess{"train.learning_rate", "train.lr"}, Guess{"learning-rate", "train.lr"},
                    Guess{"train.epochs", "train.steps"}, Guess{"batch_size", "train.batch"},
                    Guess{"model.hidden", "model.width"}, Guess{"model.layers", "model.depth"},
                    Guess{"model.epsilon", "model.eps"}, Guess{"optimizer", "train.optimizer"},
                    Guess{"train.optimiser", "train.optimizer"},
                    Guess{"model.optimizer", "train.optimizer"}, Guess{"sede", "seed"},
                    Guess{"train.seed", "seed"}, Guess{"data.standardise", "data.standardize"},
                    Guess{"train.opt", "train.optimizer"}, Guess{"width", "model.width"},
                    Guess{"completely_different", ""}, Guess{"q", ""}, Guess{"", ""},
                    Guess{std::string(1000, 'x'), ""}));

TEST(NearestName, FindsValues) {
  const std::vector<std::string>& norms = FindConfigKey("model.norm")->choices;
  EXPECT_EQ(NearestName("layer_norm", norms), "layernorm");
  EXPECT_EQ(NearestName("LayerNorm", norms), "layernorm");
  EXPECT_EQ(NearestName("ln", norms), "layernorm");
  EXPECT_EQ(NearestName("rms", norms), "rmsnorm");
  EXPECT_EQ(NearestName("adma", FindConfigKey("train.optimizer")->choices), "adam");
  EXPECT_EQ(NearestName("kaiming", FindConfigKey("model.init")->choices), "he");
}

TEST(NearestName, CountsASwapOfNeighboursOnce) {
  EXPECT_EQ(NearestName("abdc", std::vector<std::string>{"abdcxy", "abcd"}), "abcd");
}

struct Combination {
  std::vector<std::pair<std::string, Value>> values;
  std::string key;   // to blame; "" if consistent
  std::string says;  // part of what is wrong
};
class ConsistencyTest : public testing::TestWithParam<Combination> {};

TEST_P(ConsistencyTest, BlamesTheKey) {
  RunConfig config;
  for (const auto& [name, value] : GetParam().values) {
    ASSERT_NE(FindConfigKey(name), nullptr) << name;
    ASSERT_EQ(Set(name, value, config), "");
  }
  const Inconsistency found = CheckConsistency(config);
  EXPECT_EQ(found.key, GetParam().key) << found.what;
  EXPECT_THAT(found.what, HasSubstr(GetParam().says));
  for (const std::string& name : {found.key, found.other_key}) {
    EXPECT_TRUE(name.empty() || FindConfigKey(name) != nullptr) << name;
  }
}

Value Text(const char* text) { return std::string(text); }
Value Number(std::int64_t number) { return number; }

INSTANTIATE_TEST_SUITE_P(
    Combinations, ConsistencyTest,
    testing::Values(
        Combination{{}, "", ""},
        Combination{{{"model.norm", Text("groupnorm")},
                     {"model.width", Number(6)},
                     {"model.groups", Number(4)}},
                    "model.groups",
                    "model.groups = 4 does not divide model.width = 6"},
        Combination{{{"model.norm", Text("groupnorm")},
                     {"model.width", Number(4)},
                     {"model.groups", Number(4)}},
                    "model.groups",
                    "one neuron a group"},
        Combination{{{"model.width", Number(6)}, {"model.groups", Number(4)}}, "", ""},
        Combination{{{"model.norm", Text("layernorm")}, {"model.width", Number(1)}},
                    "model.width",
                    "constant"},
        Combination{{{"model.norm", Text("layernorm")},
                     {"model.width", Number(1)},
                     {"model.depth", Number(0)}},
                    "",
                    ""},
        Combination{{{"model.bias", false}}, "model.head_bias", "needs model.bias"},
        Combination{{{"model.bias", false}, {"model.head_bias", false}}, "", ""},
        Combination{{{"model.head_bias", false}}, "", ""},
        Combination{{{"data.task", Text("toy_regression")}}, "train.loss", "mse"},
        Combination{{{"data.task", Text("toy_regression")}, {"train.loss", Text("mse")}}, "", ""},
        Combination{{{"data.task", Text("toy_regression")},
                     {"train.loss", Text("mse")},
                     {"data.supervised", Number(5)}},
                    "data.supervised",
                    "exceeds data.inputs = 4"},
        Combination{{{"data.task", Text("random_labels")},
                     {"data.points", Number(100'000)},
                     {"data.inputs", Number(60'000)}},
                    "data.points",
                    "numbers"},
        Combination{{{"train.loss", Text("mse")}}, "", ""},
        Combination{{{"data.task", Text("sectors")}, {"data.sectors", Number(7)}},
                    "data.sectors",
                    "alternate"},
        Combination{{{"data.task", Text("sectors")}, {"data.sectors", Number(500)}},
                    "data.points",
                    "empty"},
        Combination{{{"data.task", Text("csv")}}, "data.path", "needs data.path"},
        Combination{{{"data.task", Text("idx")}, {"data.path", Text("x")}}, "data.labels", "idx"},
        Combination{{{"data.task", Text("idx")},
                     {"data.path", Text("x")},
                     {"data.labels", Text("y")},
                     {"data.test_path", Text("z")}},
                    "data.test_labels",
                    "both"},
        Combination{{{"data.task", Text("csv")},
                     {"data.path", Text("x")},
                     {"data.kind", Text("regression")}},
                    "train.loss",
                    "mse"},
        Combination{{{"train.batch", Number(401)}}, "train.batch", "exceeds the 400 points"},
        Combination{{{"train.batch", Number(400)}}, "", ""},
        Combination{{{"train.schedule", Text("warmup_cosine")},
                     {"train.steps", Number(10)},
                     {"train.warmup_steps", Number(11)}},
                    "train.warmup_steps",
                    "exceeds train.steps = 10"},
        Combination{{{"train.warmup_steps", Number(100000)}}, "", ""},
        Combination{{{"train.schedule", Text("cosine")}, {"train.lr_min", Value(0.1)}},
                    "train.lr_min",
                    "exceeds train.lr"}));

TEST(Json, HoldsAllKeysInCanonicalOrder) {
  const std::string text = ToJson(RunConfig());
  EXPECT_THAT(text, testing::StartsWith("{\"data\":{\"task\":\"spiral\",\"points\":0,"));
  EXPECT_THAT(text, HasSubstr("},\"model\":{\"norm\":\"unit\",\"width\":3,\"depth\":2,"));
  EXPECT_THAT(text, HasSubstr("\"eps\":1e-05,"));
  EXPECT_THAT(text, HasSubstr("\"batch\":\"full\""));
  EXPECT_THAT(text, testing::EndsWith("},\"seed\":0}"));
}

TEST(Json, RefusesWhatItCannotHaveWritten) {
  for (const char* text :
       {"", "[]", "{", "{\"seed\":-1}", "{\"sede\":1}", "{\"model\":{\"width\":\"3\"}}",
        "{\"model\":{\"width\":null}}", "{\"model\":{\"width\":[3]}}", "{\"model\":{\"wdth\":3}}",
        "{\"seed\":18446744073709551615}", "{\"train\":{\"batch\":0}}"}) {
    try {
      ConfigFromJson(text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.fault(), Fault::kDamaged) << text;
      EXPECT_NE(error.remedy(), "");
    }
  }
}

RC_GTEST_PROP(Json, RoundTripsEveryConfiguration, ()) {
  RunConfig config = ArbitraryConfig();
  if (*rc::gen::arbitrary<bool>()) config.data_digest = "0123456789abcdef";
  const RunConfig back = ConfigFromJson(ToJson(config));
  RC_ASSERT(SameValues(config, back));
  RC_ASSERT(ToJson(back) == ToJson(config));
}

// The text of one configuration serves for the next that differs in the seed alone; whatever came
// before, it must be the text of this one.
RC_GTEST_PROP(Json, DoesNotDependOnWhatCameBefore, ()) {
  const RunConfig config = ArbitraryConfig();
  const std::string text = ToJson(config), id = RunId(config);
  const auto keys = ConfigKeys();
  const ConfigKey& key = keys[*rc::gen::inRange<std::size_t>(0, keys.size())];
  RunConfig other = config;
  RC_PRE(SetConfigValue(key, ArbitraryValue(key), other) == "");
  const std::string other_text = ToJson(other);
  RC_ASSERT((other_text == text) == (key.get(other) == key.get(config)));
  RC_ASSERT(key.same(other, config) == (key.get(other) == key.get(config)));
  RC_ASSERT(SameValues(ConfigFromJson(other_text), other));
  RC_ASSERT(SameValues(ConfigFromJson(text), config));
  RC_ASSERT(ToJson(config) == text && RunId(config) == id);
  RunConfig seeded = config;
  seeded.seed = *rc::gen::inRange<std::uint64_t>(0, INT64_MAX);
  RC_ASSERT(SameButForSeed(seeded, config));
  RC_ASSERT(SameValues(ConfigFromJson(ToJson(seeded)), seeded));
}

TEST(Json, RefusesASeedThatCannotBeAfterOneThatCan) {
  const std::string text = ToJson(RunConfig());
  const std::string before = text.substr(0, text.rfind(':') + 1);
  for (const char* seed : {"-1", "007", "1e3", "", "1}", "\"1\"", "9223372036854775808"}) {
    EXPECT_EQ(ConfigFromJson(before + "5}").seed, 5U);
    EXPECT_THROW(ConfigFromJson(before + seed + "}"), Error) << seed;
  }
}

TEST(SameInSection, SeesItsSectionAndTheDataDigest) {
  RunConfig a, b;
  b.model.width = 5;
  EXPECT_TRUE(SameInSection("data", a, b));
  EXPECT_FALSE(SameInSection("model", a, b));
  b = a;
  b.data.noise = -0.0;  // the same number with other bits has another text
  EXPECT_FALSE(SameInSection("data", a, b));
  b = a;
  b.data_digest = "aa";
  EXPECT_FALSE(SameInSection("data", a, b));
  EXPECT_FALSE(SameButForSeed(a, b));
}

TEST(RunId, IsPinned) {
  // Stores hold ids: a change of this one orphans every run ever stored. It goes with a new
  // numerics version, or does not happen.
  EXPECT_EQ(RunId(RunConfig()), "b2b3ad9ac80cb4862b0820c851d42e0d");
}

TEST(RunId, PutsInTheTasksDefaults) {
  RunConfig implicit, given;
  given.data.points = 400;
  EXPECT_EQ(RunId(implicit), RunId(given));
}

TEST(RunId, KnowsFilesByTheirContents) {
  RunConfig here;
  here.data.task = "csv";
  here.data.path = "/here/points.csv";
  here.data_digest = "aa";
  RunConfig there = here;
  there.data.path = "/there/points.csv";
  EXPECT_EQ(RunId(here), RunId(there));
  there.data_digest = "bb";
  EXPECT_NE(RunId(here), RunId(there));
}

RC_GTEST_PROP(RunId, DiffersForAnyChangedKey, ()) {
  const RunConfig config = ArbitraryConfig();
  const auto keys = ConfigKeys();
  const ConfigKey& key = keys[*rc::gen::inRange<std::size_t>(0, keys.size())];
  RunConfig changed = config;
  RC_PRE(SetConfigValue(key, ArbitraryValue(key), changed) == "");
  RC_PRE(key.get(changed) != key.get(config));
  RC_ASSERT(RunId(changed) != RunId(config));
}

}  // namespace
}  // namespace crease::train
