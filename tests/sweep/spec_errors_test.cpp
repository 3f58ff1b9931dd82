// What is refused: place, problem and remedy of every kind of mistake.
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/core/error.h"
#include "lib/sweep/spec.h"

namespace crease::sweep {
namespace {

using testing::HasSubstr;

struct Mistake {
  std::string text;   // of the file, or the --set argument
  std::string place;  // "4:1", or "" for the argument itself
  std::string problem;
  std::string remedy;
};

void PrintTo(const Mistake& mistake, std::ostream* out) { *out << mistake.text.substr(0, 80); }

void ExpectError(const Error& error, const Mistake& mistake, const std::string& place) {
  EXPECT_EQ(error.fault(), Fault::kInput);
  EXPECT_EQ(error.place(), place);
  EXPECT_THAT(error.problem(), HasSubstr(mistake.problem));
  EXPECT_THAT(error.remedy(), HasSubstr(mistake.remedy));
  EXPECT_NE(error.remedy(), "");
}

// The text follows two lines of [sweep].
class FileMistake : public testing::TestWithParam<Mistake> {};
TEST_P(FileMistake, IsRefused) {
  try {
    ParseSpec("[sweep]\nname = \"x\"\n" + GetParam().text, "x.toml");
    FAIL() << "was accepted";
  } catch (const Error& error) {
    ExpectError(error, GetParam(), "x.toml:" + GetParam().place);
  }
}

// The whole text.
class WholeFileMistake : public testing::TestWithParam<Mistake> {};
TEST_P(WholeFileMistake, IsRefused) {
  try {
    ParseSpec(GetParam().text, "x.toml");
    FAIL() << "was accepted";
  } catch (const Error& error) {
    ExpectError(error, GetParam(), "x.toml:" + GetParam().place);
  }
}

std::string Repeated(const std::string& part, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += part;
  return text;
}

INSTANTIATE_TEST_SUITE_P(
    Whole, WholeFileMistake,
    testing::Values(
        Mistake{"", "1:1", "sweep.name is missing", "[sweep]"},
        Mistake{"[sweep]\n", "1:1", "sweep.name is missing", "name = "},
        Mistake{"[sweep]\nname = 3\n", "2:1", "is an integer, must be a string", "quotes"},
        Mistake{"[sweep]\nname = \"\"\n", "2:1", "no name of a file", "letters, digits"},
        Mistake{"[sweep]\nname = \"a/b\"\n", "2:1", "\"a/b\"", "letters, digits"},
        Mistake{"[sweep]\nname = \"..\"\n", "2:1", "\"..\"", "letters, digits"},
        Mistake{std::string("[sweep]\nname = \"") + std::string(101, 'x') + "\"\n", "2:1",
                "no name", ""},
        Mistake{"[sweep]\nnmae = \"a\"\n", "2:1", "unknown key sweep.nmae",
                "did you mean sweep.name?"},
        Mistake{"sweep = 3\n", "1:1", "sweep is an integer, must be a table", "[sweep]"},
        Mistake{"[sweep]\nname = \"x\"\nquestion = 3\n", "3:1", "question is an integer", "quotes"},
        Mistake{"[sweep\n", "1:7", "", "TOML"},
        Mistake{"[sweep]\nname = \"x\n", "2:10", "", "TOML"},
        Mistake{"[sweep]\nname = \"\xff\"\n", "2:8", "", "TOML"},
        Mistake{std::string("[sweep]\n\0name = 1\n", 18), "2:1", "", "TOML"},
        Mistake{std::string("a") + Repeated(".a", 100'000) + " = 1\n", "1:130",
                "more than 64 parts", "section.key"},
        Mistake{std::string("a = ") + Repeated("[", 100'000) + "\n", "1:261", "", "TOML"},
        Mistake{"\x7f"
                "ELF",
                "1:1", "", "TOML"}));

INSTANTIATE_TEST_SUITE_P(
    Names, FileMistake,
    testing::Values(
        Mistake{"[modle]\nwidth = 3", "3:2", "unknown table modle", "did you mean model?"},
        Mistake{"[[zpi]]\nseed = [1]", "3:3", "unknown table zpi", "did you mean zip?"},
        Mistake{"[model]\ndepht = 3", "4:1", "unknown key model.depht",
                "did you mean model.depth?"},
        Mistake{"[model]\nlr = 3", "4:1", "unknown key model.lr", "did you mean train.lr?"},
        Mistake{"[train]\nlearning_rate = 3", "4:1", "unknown key train.learning_rate",
                "did you mean train.lr?"},
        Mistake{"[data]\nzzzzzz = 3", "4:1", "unknown key data.zzzzzz",
                "known are data.task, data.points"},
        Mistake{"[grid]\nwidth = [3]", "4:1", "unknown key width", "did you mean model.width?"},
        Mistake{"[grid]\n\"model.wdth\" = [3]", "4:1", "unknown key model.wdth",
                "did you mean model.width?"},
        Mistake{"[grid.model]\nwdth = [3]", "4:1", "unknown key model.wdth",
                "did you mean model.width?"},
        Mistake{"[[zip]]\n\"model.nrom\" = [\"unit\"]", "4:1", "unknown key model.nrom",
                "did you mean model.norm?"},
        Mistake{"[[exclude]]\nsede = 3", "4:1", "unknown key sede", "did you mean seed?"},
        Mistake{"[record]\nweight = \"off\"", "4:1", "unknown key record.weight",
                "did you mean record.weights?"},
        Mistake{"[record]\nweights = { evry = 1 }", "4:13", "evry", "did you mean every?"},
        Mistake{"[record]\nbursts = { befor = 1 }", "4:12", "befor", "did you mean before?"},
        Mistake{"[record]\nscalars = { at = [0] }", "4:13", "unknown key of record.scalars: at",
                "known are every"},
        Mistake{"\"model.width\" = 3", "3:1", "unknown key sweep.model.width", ""}));

INSTANTIATE_TEST_SUITE_P(
    Values, FileMistake,
    testing::Values(
        Mistake{"[model]\nwidth = \"3\"", "4:9",
                "model.width is \"3\", must be an integer in 1 ... 65536", "neurons"},
        Mistake{"[model]\nwidth = 0", "4:9", "model.width is 0", "neurons"},
        Mistake{"[model]\nwidth = 3.0", "4:9", "is a number (3)", "write it as an integer: 3"},
        Mistake{"[model]\nwidth = [2, 3]", "4:9", "is an array, must be a single value", "[grid]"},
        Mistake{"[model]\nwidth = { a = 1 }", "4:9", "is a table", "[grid]"},
        Mistake{"[model.norm]\na = 1", "3:1", "is a table", "[grid]"},
        Mistake{"[model]\nwidth = 1979-05-27", "4:9", "is a date or time", "neurons"},
        Mistake{"[model]\nbias = 1", "4:8", "is an integer (1), must be true or false", "bias"},
        Mistake{"[model]\nnorm = \"layer_norm\"", "4:8", "must be one of unit, layernorm",
                "did you mean \"layernorm\"?"},
        Mistake{"[train]\noptimizer = \"Adam\"", "4:13", "must be one of sgd",
                "did you mean \"adam\"?"},
        Mistake{"[model]\nnorm = unit", "4:8", "", "quotes"},
        Mistake{"[data]\ntask = \"spirl\"", "4:8", "must be one of spiral",
                "did you mean \"spiral\"?"},
        Mistake{"[train]\nlr = 0", "4:6", "train.lr is 0, must be a number > 0", "rate"},
        Mistake{"[train]\nlr = nan", "4:6", "is nan", "rate"},
        Mistake{"[train]\nlr = -inf", "4:6", "is -inf", "rate"},
        Mistake{"[train]\nlr = 1e400", "4:11", "", ""},
        Mistake{"[train]\nsteps = 99999999999999999999", "4:29", "", ""},
        Mistake{"[train]\nsteps = 2e4", "4:9", "is a number (20000)",
                "write it as an integer: 20000"},
        Mistake{"[train]\nbatch = 0", "4:9", "or \"full\"", "points a step"},
        Mistake{"[train]\nsteps = 1\nsteps = 2", "5:9", "steps", "remove one"},
        Mistake{"[record]\nweights = 3", "4:1", "record.weights is an integer", "per_decade"},
        Mistake{"[record]\nweights = \"often\"", "4:1", "record.weights is \"often\"", "auto"},
        Mistake{"[record]\nweights = {}", "4:1", "names no schedule", "every"},
        Mistake{"[record]\nweights = {from = 3}", "4:1", "names no schedule", "every"},
        Mistake{"[record]\nweights = {every = 2, from = 3, to = 2}", "4:1", "ends before", "from"},
        Mistake{"[record]\nweights = { every = 0 }", "4:21", "record.weights.every is 0", "steps"},
        Mistake{"[record]\nweights = { every = 1, at = [0] }", "4:29", "two schedules", "auto"},
        Mistake{"[record]\nweights = { at = [] }", "4:18", "must be an array of steps", "at = "},
        Mistake{"[record]\nweights = { at = [5, 3] }", "4:22", "does not increase at 3", "order"},
        Mistake{"[record]\nweights = { at = [-1] }", "4:19", "is -1", "steps"},
        Mistake{"[record]\nactivations = { points = \"some\" }", "4:26", "nor \"all\"", "64"},
        Mistake{"[record]\nactivations = { points = 0 }", "4:26", "points is 0", "points"},
        Mistake{"[record]\nscalars = \"off\"", "4:1", "record.scalars is \"off\"", "every"},
        Mistake{"[record]\nbursts = { before = -1 }", "4:21", "before is -1", "steps"},
        Mistake{"[record]\ncheckpoint = { every = 0 }", "4:24", "every is 0", "steps"}));

INSTANTIATE_TEST_SUITE_P(
    Axes, FileMistake,
    testing::Values(
        Mistake{"grid = 3", "3:1", "", ""},
        Mistake{"[grid]\nseed = 3", "4:1", "single value, no axis", "range"},
        Mistake{"[grid]\nseed = []", "4:1", "empty array", "at least one"},
        Mistake{"[grid]\nseed = [1, \"2\"]", "4:12", "seed is \"2\"", "weights"},
        Mistake{"[grid]\nseed = [[1]]", "4:9", "is an array, must be a single value", "[grid]"},
        Mistake{"[grid]\nseed = [1, 2, 1]", "4:1", "seed has 1 twice, at positions 1 and 3",
                "remove"},
        Mistake{"[grid]\n\"train.lr\" = [1, 1.0]", "4:1", "train.lr has 1 twice", "remove"},
        Mistake{"[grid]\nseed = {}", "4:1", "no known form", "range"},
        Mistake{"[grid]\nseed = { rnage = [0, 1] }", "4:10", "rnage", "did you mean range?"},
        Mistake{"[grid]\nseed = { range = 3 }", "4:10", "must be an array of bounds", "range"},
        Mistake{"[grid]\nseed = { range = [3] }", "4:10", "needs two numbers, has 1", "[a, b]"},
        Mistake{"[grid]\nseed = { range = [0, 4, 0] }", "4:10", "step 0", ">= 1"},
        Mistake{"[grid]\nseed = { range = [3, 3] }", "4:10", "is empty", "a < b"},
        Mistake{"[grid]\nseed = { range = [3, 0] }", "4:10", "backwards", "a < b"},
        Mistake{"[grid]\nseed = { range = [0, 1.5] }", "4:22", "holds a number", "integers"},
        Mistake{"[grid]\nseed = { range = [0, 3], n = 2 }", "4:30", "takes no n", "step"},
        Mistake{"[grid]\nseed = { range = [-3, 3] }", "4:10", "seed is -3", "weights"},
        Mistake{"[grid]\nseed = { range = [0, 9223372036854775807] }", "4:10",
                "more than 10000000 values", "shorten"},
        Mistake{"[grid]\nseed = { range = [-9223372036854775808, 9223372036854775807] }", "4:10",
                "more than 10000000 values", "shorten"},
        Mistake{"[grid]\nseed = { range = [0, 5000] }\n\"data.data_seed\" = { range = [0, 2001] }",
                "4:1", "more than 10000000 runs", "shorten"},
        Mistake{"[grid]\n\"train.lr\" = { log = [0, 1], n = 3 }", "4:23", "not positive", "linear"},
        Mistake{"[grid]\n\"train.lr\" = { log = [1, 0.1], n = 3 }", "4:16", "backwards", "a < b"},
        Mistake{"[grid]\n\"train.lr\" = { log = [0.1, 1] }", "4:16", "needs n", "n = k"},
        Mistake{"[grid]\n\"train.lr\" = { linear = [0.1, 1], n = 1 }", "4:39",
                "n must be an integer >= 2", "k >= 2"},
        Mistake{"[grid]\n\"train.lr\" = { linear = [0.1, inf], n = 3 }", "4:31", "no finite number",
                "linear"},
        Mistake{"[grid]\n\"train.lr\" = { linear = [0.1], n = 3 }", "4:16",
                "needs two numbers, has 1", "n = k"},
        Mistake{"[grid]\n\"train.lr\" = { linear = [1, 2], log = [1, 2], n = 3 }", "4:33",
                "two forms", "linear"},
        Mistake{"[grid]\n\"model.width\" = { linear = [2, 5], n = 3 }", "4:19", "is a number (3.5)",
                "neurons"},
        Mistake{"[grid]\n\"model.width\" = [3]\n[grid.model]\nwidth = [4]", "6:1",
                "already given at x.toml:4:1", "remove"},
        Mistake{"[grid]\nseed = [1]\n[[zip]]\nseed = [1]", "6:1", "here and at x.toml:4:1", "keep"},
        Mistake{"[[zip]]\nseed = [1]\n[[zip]]\nseed = [2]", "6:1", "two axes", "keep"},
        Mistake{"[zip]\nseed = [1]", "3:2", "zip is a table, must be an array of tables",
                "[[zip]]"},
        Mistake{"[[zip]]\n", "3:1", "names no key", "remove"},
        Mistake{"[[zip]]\nseed = [1, 2]\n\"train.lr\" = [1]", "5:1",
                "train.lr has 1 values, but seed has 2", "equally many"},
        Mistake{"[[zip]]\nseed = [1, 1]\n\"train.lr\" = [1, 1]", "3:1",
                "this [[zip]] has 1, 1 twice", "remove"},
        Mistake{"[[exclude]]\nseed = 5", "3:1", "matches no cell", "correct a value"},
        Mistake{"[grid]\nseed = [1, 2]\n[[exclude]]\nseed = [1, 2]", "5:1", "leave no run",
                "remove"},
        Mistake{"[[exclude]]\nseed = []", "4:1", "empty array", "at least one"},
        Mistake{"[[exclude]]\nseed = \"x\"", "4:8", "seed is \"x\"", "weights"}));

INSTANTIATE_TEST_SUITE_P(
    Cells, FileMistake,
    testing::Values(
        Mistake{"[model]\nnorm = \"groupnorm\"\ngroups = 4\n[grid]\n\"model.width\" = [8, 6]",
                "7:1", "does not divide", ""},
        Mistake{"[model]\nnorm = \"groupnorm\"\ngroups = 4\nwidth = 6", "5:1",
                "model.groups = 4 does not divide model.width = 6", "change model.groups"},
        Mistake{"[grid]\n\"model.norm\" = [\"unit\", \"layernorm\"]\n\"model.width\" = [1, 3]",
                "5:1", "constant", "[[exclude]]"},
        Mistake{"[data]\ntask = \"toy_regression\"", "4:1", "cross_entropy does not fit",
                "train.loss"},
        Mistake{"[data]\ntask = \"csv\"", "4:1", "needs data.path", "data.path"},
        Mistake{"[model]\nbias = false\nhead_bias = true", "5:1", "needs model.bias", "model"},
        Mistake{"[train]\nbatch = 1000", "4:1", "exceeds the 400 points", "train.batch"}));

class OverrideMistake : public testing::TestWithParam<Mistake> {};
TEST_P(OverrideMistake, IsRefused) {
  constexpr const char* kText =
      "[sweep]\nname = \"x\"\n[[zip]]\n\"model.norm\" = [\"unit\", \"dyt\"]\n"
      "\"model.width\" = [3, 4]\n[grid]\nseed = [1, 2]\n";
  try {
    ParseSpec(kText, "x.toml", {GetParam().text});
    FAIL() << "was accepted";
  } catch (const Error& error) {
    ExpectError(error, GetParam(), "--set " + GetParam().text);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Overrides, OverrideMistake,
    testing::Values(
        Mistake{"train.steps", "", "no assignment", "key=value"},
        Mistake{"", "", "no assignment", "key=value"},
        Mistake{"=3", "", "no assignment", "key=value"},
        Mistake{"steps=3", "", "unknown key steps", "did you mean train.steps?"},
        Mistake{"train.epochs=3", "", "unknown key train.epochs", "did you mean train.steps?"},
        Mistake{"record.weight=off", "", "unknown key", "did you mean record.weights?"},
        Mistake{"grid.seed=[1]", "", "unknown key grid.seed", "did you mean seed?"},
        Mistake{"train.steps=", "", "train.steps is \"\", must be an integer", "updates"},
        Mistake{"train.steps=many", "", "train.steps is \"many\"", "updates"},
        Mistake{"train.steps=1\n[model]\nwidth = 5", "", "train.steps is \"1", "updates"},
        Mistake{"model.width=[3, 4, 5]", "", "has 3 values", "equally many"},
        Mistake{"model.depth=[3, 3]", "", "has 3 twice", "remove"},
        Mistake{"model.depth=[3", "", "", "strings in quotes"},
        Mistake{"model.activation=[relu, none]", "", "", "strings in quotes"},
        Mistake{"model.depth={range=[3,1]}", "", "backwards", "a < b"},
        Mistake{"model.norm=unit", "", "advance together in the [[zip]] at x.toml:3:1",
                "array with a value for each position"},
        Mistake{"model.init=xaver", "", "must be one of", "did you mean \"xavier\"?"},
        Mistake{"sweep.name=a/b", "", "no name of a file", "letters"},
        Mistake{"record.weights=often", "", "record.weights is \"often\"", "auto"},
        Mistake{"data.task=toy_regression", "", "does not fit", "train.loss"}));

class FileErrors : public testing::Test {
 protected:
  std::filesystem::path path_ =
      std::filesystem::path(testing::TempDir()) / "crease_spec_errors_test";
  void SetUp() override { std::filesystem::create_directory(path_); }
  void TearDown() override { std::filesystem::remove_all(path_); }

  void Expect(const std::filesystem::path& path, const std::string& problem) {
    try {
      ParseSpecFile(path.string());
      FAIL() << path;
    } catch (const Error& error) {
      EXPECT_EQ(error.fault(), Fault::kInput);
      EXPECT_EQ(error.place(), path.string());
      EXPECT_THAT(error.problem(), HasSubstr(problem));
      EXPECT_NE(error.remedy(), "");
    }
  }
};

TEST_F(FileErrors, MissingFile) { Expect(path_ / "absent.toml", "No such file"); }
TEST_F(FileErrors, Directory) { Expect(path_, "is a directory"); }
TEST_F(FileErrors, FileForADirectory) {
  std::ofstream(path_ / "file") << "x";
  Expect(path_ / "file" / "x.toml", "Not a directory");
}
TEST_F(FileErrors, HugeFile) {
  std::ofstream(path_ / "huge.toml") << "x";
  std::filesystem::resize_file(path_ / "huge.toml", std::uintmax_t{1} << 33);
  Expect(path_ / "huge.toml", "larger than 4 MiB");
}

}  // namespace
}  // namespace crease::sweep
