#include <cmath>
#include <functional>
#include <limits>
#include <span>

#include "tests/data/fixture.h"

namespace crease::data {
namespace {

TEST(Options, EveryTaskHasItsDefaults) {
  const auto defaults = [](const std::string& task, const std::string& source = "gaussian") {
    Options options;
    options.task = task;
    options.source = source;
    return WithTaskDefaults(options);
  };
  EXPECT_EQ(defaults("spiral").points, 400);
  EXPECT_EQ(defaults("octants").points, 800);
  EXPECT_EQ(defaults("sectors").points, 400);
  EXPECT_EQ(defaults("random_labels").points, 16);
  EXPECT_EQ(defaults("random_labels").inputs, 2);
  EXPECT_EQ(defaults("random_labels", "digits").points, 1437);
  EXPECT_EQ(defaults("random_labels", "mnist").inputs, 784);
  EXPECT_EQ(defaults("toy_regression").inputs, 4);
  EXPECT_EQ(defaults("digits").points, 0);
}

TEST(Options, WhatIsGivenStays) {
  Options options;
  options.points = 7;
  EXPECT_EQ(WithTaskDefaults(options).points, 7);
}

TEST(Options, AllTasksOfTheDocumentationAreThere) {
  EXPECT_THAT(TaskNames(),
              ::testing::ElementsAre("spiral", "octants", "sectors", "random_labels",
                                     "toy_regression", "digits", "mnist", "fashion_mnist", "iris",
                                     "wine", "breast_cancer", "csv", "hdf5", "idx"));
}

TEST(Options, UnknownTaskNamesTheNearest) {
  Options options;
  options.task = "sprial";
  const Expected expected = {Fault::kInput, "data.task", "there is no task \"sprial\"",
                             "did you mean spiral"};
  ExpectLoadError(options, expected);
  ExpectError([&] { WithTaskDefaults(options); }, expected);
  options.task = "fashion";
  ExpectLoadError(options, {Fault::kInput, "data.task", "\"fashion\"", "fashion_mnist"});
  options.task.clear();
  ExpectLoadError(options, {Fault::kInput, "data.task", "no task \"\"", "breast_cancer"});
}

struct BadOption {
  const char* task;
  std::function<void(Options&)> change;
  const char* place;
  const char* remedy;
};

void ExpectInputErrors(std::span<const BadOption> cases) {
  for (const BadOption& bad : cases) {
    SCOPED_TRACE(::testing::Message() << bad.task << " " << bad.place);
    Options options;
    options.task = bad.task;
    bad.change(options);
    ExpectLoadError(options, {Fault::kInput, bad.place, "", bad.remedy});
  }
}

TEST(Options, OutOfRangeForGeneratedData) {
  const double nan = std::nan(""), infinity = std::numeric_limits<double>::infinity();
  const BadOption cases[] = {
      {"spiral", [](Options& o) { o.points = 1; }, "data.points", "from 2"},
      {"spiral", [](Options& o) { o.points = -400; }, "data.points", "from 2"},
      {"spiral", [](Options& o) { o.points = INT64_MAX; }, "data.points", "to 1073741824"},
      {"octants", [](Options& o) { o.points = 1 << 30; }, "data.points", "lower data.points"},
      {"spiral", [](Options& o) { o.turns = 0.0; }, "data.turns", "to 10000"},
      {"spiral", [&](Options& o) { o.turns = nan; }, "data.turns", "to 10000"},
      {"spiral", [](Options& o) { o.noise = -0.1; }, "data.noise", "from 0"},
      {"spiral", [&](Options& o) { o.noise = infinity; }, "data.noise", "from 0"},
      {"spiral", [](Options& o) { o.data_seed = -1; }, "data.data_seed", "from 0"},
      {"sectors", [](Options& o) { o.sectors = 7; }, "data.sectors", "even"},
      {"sectors", [](Options& o) { o.sectors = 0; }, "data.sectors", "from 2"},
      {"sectors", [](Options& o) { o.sectors = 402; }, "data.sectors", "to 400"},
      {"random_labels", [](Options& o) { o.classes = 1; }, "data.classes", "from 2"},
      {"random_labels", [](Options& o) { o.inputs = -2; }, "data.inputs", "from 1"},
      {"random_labels", [](Options& o) { o.source = "octants"; }, "data.source", "gaussian"},
      {"random_labels",
       [](Options& o) {
         o.source = "digits";
         o.inputs = 2;
       },
       "data.inputs", "leave data.inputs out"},
      {"random_labels",
       [](Options& o) {
         o.source = "digits";
         o.points = 10;
         o.subset = 20;
       },
       "data.subset", "one of the two"},
      {"random_labels",
       [](Options& o) {
         o.points = 1 << 20;
         o.inputs = 1 << 16;
       },
       "data.points", "lower data.points or data.inputs"},
      {"toy_regression", [](Options& o) { o.supervised = 5; }, "data.supervised", "to 4"},
      {"toy_regression", [](Options& o) { o.supervised = 0; }, "data.supervised", "from 1"},
      {"toy_regression", [](Options& o) { o.sigma = 0.0; }, "data.sigma", "from"},
  };
  ExpectInputErrors(cases);
}

TEST(Options, OutOfRangeForFiles) {
  const BadOption cases[] = {
      {"digits", [](Options& o) { o.subset = 1; }, "data.subset", "from 2"},
      {"digits", [](Options& o) { o.subset = 1438; }, "data.subset", "at most 1437"},
      {"random_labels",
       [](Options& o) {
         o.source = "digits";
         o.points = 2000;
       },
       "data.points", "at most 1437"},
      {"csv", [](Options&) {}, "data.path", "set data.path"},
      {"csv", [](Options& o) { o.kind = "ranking"; }, "data.kind", "classification"},
      {"idx", [](Options& o) { o.path = "images"; }, "data.labels", "set data.labels"},
      {"idx",
       [](Options& o) {
         o.path = o.labels = "images";
         o.test_path = "test-images";
       },
       "data.test_labels", "both or neither"},
  };
  ExpectInputErrors(cases);
}

}  // namespace
}  // namespace crease::data
