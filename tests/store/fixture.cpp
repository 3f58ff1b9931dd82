#include "tests/store/fixture.h"

#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <map>
#include <unistd.h>

#include <gtest/gtest.h>

#include "lib/core/hash.h"
#include "lib/store/reader.h"
#include "lib/train/config_keys.h"
#include "lib/train/schedule.h"

namespace crease::store::testing {
namespace {

namespace fs = std::filesystem;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

std::vector<std::int64_t> Range(std::int64_t last, std::int64_t stride) {
  std::vector<std::int64_t> steps;
  for (std::int64_t step = 0; step <= last; step += stride) steps.push_back(step);
  return steps;
}

train::RecordedArray Array(std::uint64_t seed, std::string group, std::string name,
                           std::string units, std::vector<std::string> dimensions,
                           std::vector<std::size_t> shape) {
  train::RecordedArray array;
  array.description = "values of " + name;
  array.units = std::move(units);
  array.dimensions = std::move(dimensions);
  std::size_t size = 1;
  for (std::size_t length : shape) size *= length;
  array.shape = std::move(shape);
  const std::string path = group.empty() ? name : group + "/" + name;
  for (std::size_t i = 0; i < size; ++i) array.values.push_back(SampleValue(seed, path, i));
  array.group = std::move(group);
  array.name = std::move(name);
  return array;
}

detect::Transition SampleTransition(std::uint64_t seed, int number) {
  detect::Transition t;
  t.onset_step = static_cast<double>(100 * number + static_cast<int>(seed));
  t.midpoint_step = t.onset_step + 5.5;
  t.end_step = t.onset_step + 20;
  t.width_steps = 20;
  t.loss_before = 0.7;
  t.loss_after = 0.1;
  t.drop_nats = std::log(7.0);
  t.sharpness = 3.5;
  t.peak_rate = 0.25;
  t.plateau_steps = 80;
  t.plateau_loss = 0.69;
  t.z_score = 42;
  t.p_value = 1e-30;
  t.open = number == 1;
  t.schedule = seed % 2 == 1;
  return t;
}

void AddArrays(std::uint64_t seed, const SampleOptions& options, train::RunRecord& record) {
  const auto depth = static_cast<std::size_t>(options.depth);
  const auto width = static_cast<std::size_t>(options.width);
  const auto steps = static_cast<std::size_t>(options.steps) + 1;
  const std::vector<std::int64_t> sparse = Range(options.steps, 10);
  record.axes = {{"", "step", "updates made", Range(options.steps, 1)},
                 {"weights", "step", "updates made", sparse},
                 {"activations", "step", "updates made", Range(options.steps, 100)},
                 {"activations", "point", "index into the data", {0, 1, 2, 3}}};
  record.arrays.push_back(Array(seed, "", "loss", "nats", {"step"}, {steps}));
  record.arrays.push_back(Array(seed, "", "accuracy", "1", {"step"}, {steps}));
  record.arrays.push_back(Array(seed, "", "grad_norm", "", {"step", "linear"}, {steps, depth + 1}));
  for (std::size_t i = 0; i <= depth; ++i) {
    const std::string linear = "linear" + std::to_string(i);
    const std::size_t out = i == depth ? 2 : width, in = i == 0 ? 2 : width;
    record.arrays.push_back(Array(seed, "weights", linear + "_weight", "",
                                  {"step", linear + "_out", linear + "_in"},
                                  {sparse.size(), out, in}));
    record.arrays.push_back(Array(seed, "activations", linear + "_output", "",
                                  {"step", "point", linear + "_unit"},
                                  {record.axes[2].values.size(), 4, out}));
  }
}

void Compare(const std::vector<float>& stored, const std::vector<float>& expected,
             const std::string& what) {
  ASSERT_EQ(stored.size(), expected.size()) << what;
  for (std::size_t i = 0; i < stored.size(); ++i) {
    ASSERT_EQ(std::bit_cast<std::uint32_t>(stored[i]), std::bit_cast<std::uint32_t>(expected[i]))
        << what << " at " << i;
  }
}

void CompareTransitions(const std::vector<detect::Transition>& stored,
                        const std::vector<detect::Transition>& expected) {
  ASSERT_EQ(stored.size(), expected.size());
  for (std::size_t i = 0; i < stored.size(); ++i) {
    for (const TransitionColumn& column : TransitionColumns()) {
      std::visit(
          [&](auto field) { EXPECT_EQ(stored[i].*field, expected[i].*field) << column.name; },
          column.field);
    }
  }
}

void CompareRun(const ShardReader& reader, const StoredRun& run, std::int64_t row,
                const SampleOptions& options) {
  const train::RunConfig config = train::ConfigFromJson(run.config_json);
  const train::RunRecord expected = MakeRecord(config.seed, options);
  EXPECT_EQ(run.run_id, expected.run_id);
  EXPECT_EQ(run.digest, expected.digest);
  EXPECT_EQ(run.config_json, train::ToJson(expected.config));
  EXPECT_EQ(run.record_json, train::ToJson(options.record));
  EXPECT_EQ(run.outcome, expected.outcome == train::Outcome::kDiverged ? "diverged" : "completed");
  EXPECT_EQ(run.steps_done, expected.steps_done);
  EXPECT_EQ(run.final_loss, expected.final_loss);
  EXPECT_TRUE(std::isnan(run.final_test_loss));
  EXPECT_EQ(run.best_accuracy, expected.best_accuracy);
  EXPECT_EQ(run.no_verdict, expected.no_verdict);
  CompareTransitions(run.transitions, expected.transitions);
  for (const train::RecordedArray& array : expected.arrays) {
    const std::string path = array.group.empty() ? array.name : array.group + "/" + array.name;
    Compare(reader.Row(path, row), array.values, path);
  }
  for (const train::RecordedAxis& axis : expected.axes) {
    const std::vector<double> values(axis.values.begin(), axis.values.end());
    EXPECT_EQ(reader.Axis(axis.group, axis.name), values);
  }
}

}  // namespace

TemporaryDirectoryGuard::TemporaryDirectoryGuard() {
  std::string name = (fs::temp_directory_path() / "crease-store-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) std::abort();
  path_ = name;
}

TemporaryDirectoryGuard::~TemporaryDirectoryGuard() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

float SampleValue(std::uint64_t seed, const std::string& array, std::size_t index) {
  if (seed % 7 == 6 && array == "loss" && index > 100) return kNan;
  const auto kind = static_cast<float>(array.size());
  const auto at = static_cast<float>(index);
  return std::sqrt(at + 1.5F) * kind + static_cast<float>(seed) / (at + 1);
}

train::RunRecord MakeRecord(std::uint64_t seed, const SampleOptions& options) {
  train::RunRecord record;
  record.config.seed = seed;
  record.config.steps = options.steps;
  record.config.model.width = options.width;
  record.config.model.depth = options.depth;
  record.config.optim.lr = 0.01 * static_cast<double>(1 + seed % 2);
  record.config.data.points = 40;
  record.run_id = train::RunId(record.config);
  record.digest = HexDigestOf("digest of " + record.run_id);
  record.outcome = seed % 7 == 6 ? train::Outcome::kDiverged : train::Outcome::kCompleted;
  record.steps_done = seed % 7 == 6 ? 101 : options.steps;
  record.wall_seconds = 0.25;
  record.final_loss = 0.125 * static_cast<double>(seed + 1);
  record.final_accuracy = 0.75;
  record.final_test_loss = std::numeric_limits<double>::quiet_NaN();
  record.final_test_accuracy = std::numeric_limits<double>::quiet_NaN();
  record.best_accuracy = 0.875;
  AddArrays(seed, options, record);
  for (int i = 0; i < static_cast<int>(seed % 3); ++i) {
    record.transitions.push_back(SampleTransition(seed, i));
  }
  if (seed % 5 == 4) record.no_verdict = "too few points to say – fewer than 10";
  return record;
}

void AddBursts(std::uint64_t seed, train::RunRecord& record) {
  if (record.transitions.empty()) return;
  const std::size_t rows = 30 + static_cast<std::size_t>(seed);
  for (std::size_t i = 0; i < rows; ++i) {
    record.bursts.step.push_back(static_cast<std::int64_t>(10 + i));
    record.bursts.transition.push_back(record.transitions.size() > 1 && i > 20 ? 1 : 0);
  }
  train::RecordedArray array;
  array.group = "bursts";
  array.name = "linear0_output";
  array.description = "outputs";
  array.dimensions = {"row", "point", "unit"};
  array.shape = {rows, 4, 3};
  for (std::size_t i = 0; i < rows * 12; ++i) {
    array.values.push_back(SampleValue(seed, "bursts", i));
  }
  record.bursts.arrays.push_back(std::move(array));
}

std::shared_ptr<const data::Dataset> MakeDataset(std::size_t points) {
  auto dataset = std::make_shared<data::Dataset>();
  dataset->task = "spiral";
  dataset->inputs = 2;
  dataset->outputs = 2;
  for (data::Split* split : {&dataset->train, &dataset->test}) {
    split->points = split == &dataset->train ? points : points / 2;
    for (std::size_t i = 0; i < split->points; ++i) {
      split->x.push_back(static_cast<float>(i) / 8);
      split->x.push_back(-static_cast<float>(i));
      split->labels.push_back(static_cast<std::int32_t>(i % 2));
    }
  }
  return dataset;
}

std::int64_t CheckStore(const std::string& store_path, const SampleOptions& options) {
  std::int64_t count = 0;
  for (const std::string& path : ListShards(store_path)) {
    const ShardReader reader(path);
    reader.Verify();
    const std::vector<StoredRun> runs = reader.Runs();
    EXPECT_EQ(static_cast<std::int64_t>(runs.size()), reader.info().runs);
    for (std::size_t i = 0; i < runs.size(); ++i) {
      CompareRun(reader, runs[i], static_cast<std::int64_t>(i), options);
      ++count;
    }
  }
  return count;
}

std::vector<fs::path> FilesIn(const std::string& directory) {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(directory)) paths.push_back(entry.path());
  return paths;
}

}  // namespace crease::store::testing
