// Damaged sweep files and arguments end in an Error, never in anything else.
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "lib/core/error.h"
#include "lib/sweep/spec.h"

namespace crease::sweep {
namespace {

constexpr const char* kGood = R"(seed = 1
[sweep]
name = "x"
question = "?"
[data]
task = "spiral"
turns = 1.5
[model]
norm = "unit"
affine = false
[train]
steps = 2_000
batch = "full"
[record]
weights = { at = [0, 10, 100] }
activations = { every = 100, points = 64 }
bursts = { before = 2, after = 2, points = "all" }
[grid]
"model.width" = [2, 3, 4]
train.lr = { log = [1e-3, 1e-1], n = 5 }
data.data_seed = { range = [0, 4] }
[[zip]]
"model.groups" = [1, 2]
"model.eps" = [1e-5, 3e-6]
[[exclude]]
"model.width" = 2
"model.groups" = [1, 2]
)";

void MustNotCrash(const std::string& text, const std::vector<std::string>& overrides) {
  try {
    ParseSpec(text, "x.toml", overrides);
  } catch (const Error& error) {
    RC_LOG() << error.what() << "\n" << text;
    RC_ASSERT(error.fault() == Fault::kInput);
    RC_ASSERT(!error.place().empty());
    RC_ASSERT(!error.remedy().empty());
  }
}

// Pieces that mean something to the parser, so that mutations get far.
std::string Piece() {
  static const std::vector<std::string> pieces = {"[",
                                                  "]",
                                                  "{",
                                                  "}",
                                                  "=",
                                                  ",",
                                                  ".",
                                                  "\"",
                                                  "'",
                                                  "\n",
                                                  "#",
                                                  "[[",
                                                  "]]",
                                                  "0",
                                                  "-",
                                                  "1e400",
                                                  "nan",
                                                  "inf",
                                                  "9223372036854775807",
                                                  "-9223372036854775808",
                                                  "true",
                                                  "\"full\"",
                                                  "[]",
                                                  "{}",
                                                  "range",
                                                  "linear",
                                                  "log",
                                                  "n",
                                                  "at",
                                                  "every",
                                                  "seed",
                                                  "[grid]",
                                                  "[[zip]]",
                                                  "[[exclude]]",
                                                  "model.",
                                                  "\"model.width\"",
                                                  "sweep",
                                                  "record",
                                                  "1979-05-27",
                                                  "\"\"\"",
                                                  "\\u0000",
                                                  "\xff",
                                                  std::string(1, '\0'),
                                                  "seed = { range = [0, 9] }",
                                                  "off",
                                                  "auto",
                                                  "points",
                                                  "\xef\xbb\xbf"};
  return *rc::gen::elementOf(pieces);
}

std::string Mutated(std::string text) {
  const int mutations = *rc::gen::inRange(1, 8);
  for (int i = 0; i < mutations; ++i) {
    const auto at = *rc::gen::inRange<std::size_t>(0, text.size() + 1);
    const auto length = *rc::gen::inRange<std::size_t>(0, 30);
    switch (*rc::gen::inRange(0, 5)) {
      case 0:
        text.erase(at, length);
        break;
      case 1:
        text.insert(at, Piece());
        break;
      case 2:
        text.insert(at, text.substr(*rc::gen::inRange<std::size_t>(0, at + 1), length));
        break;
      case 3:
        text.replace(at, length, Piece());
        break;
      default:
        if (at < text.size()) text[at] = *rc::gen::arbitrary<char>();
    }
  }
  return text;
}

RC_GTEST_PROP(Fuzz, DamagedFiles, ()) {
  for (int i = 0; i < 20; ++i) MustNotCrash(Mutated(kGood), {});
}

RC_GTEST_PROP(Fuzz, DamagedArguments, ()) {
  static const std::vector<std::string> good = {
      "seed={range=[0,16]}", "train.lr={log=[1e-3,1e-1],n=3}",
      "model.norm=unit",     "record.weights={every=1}",
      "sweep.name=y",        "model.groups=[1, 2]",
      "model.width=3"};
  for (int i = 0; i < 20; ++i) MustNotCrash(kGood, {Mutated(*rc::gen::elementOf(good))});
}

TEST(Fuzz, TheUndamagedFileIsGood) { EXPECT_NO_THROW(ParseSpec(kGood, "x.toml")); }

}  // namespace
}  // namespace crease::sweep
