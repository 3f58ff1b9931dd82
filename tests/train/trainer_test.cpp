#include "lib/train/trainer.h"

#include <cmath>

#include <gtest/gtest.h>

#include "lib/core/error.h"
#include "lib/kernels/layout.h"
#include "lib/train/evaluate.h"
#include "tests/train/tiny_runs.h"

namespace crease::train {
namespace {

RunConfig Diverging() {
  RunConfig config = TinyConfig();
  config.model.norm = model::Norm::kNone;
  config.loss = Loss::kMse;
  config.optim.optimizer = optim::Optimizer::kSgd;
  config.optim.lr = 50.0;
  return config;
}

TEST(Train, ADivergedRunIsAnOutcomeWithItsStep) {
  const RunRecord record = TrainTiny(Diverging(), EverythingRecorded());
  EXPECT_EQ(record.outcome, Outcome::kDiverged);
  ASSERT_GT(record.steps_done, 0);
  ASSERT_LT(record.steps_done, 200);
  EXPECT_TRUE(std::isnan(record.final_loss));
  EXPECT_TRUE(std::isnan(record.final_accuracy));
  const auto first_bad = static_cast<std::size_t>(record.steps_done);
  for (const char* name : {"loss", "accuracy", "grad_norm", "weight_norm", "update_norm"}) {
    const RecordedArray& array = ArrayOf(record, "", name);
    const std::size_t row_size = array.values.size() / array.shape[0];
    for (std::size_t i = 0; i < array.values.size(); ++i) {
      const bool after = i / row_size >= first_bad;
      EXPECT_EQ(std::isnan(array.values[i]), after) << name << " " << i;
    }
  }
  for (const RecordedArray& array : record.arrays) {
    if (array.group != "weights" && array.group != "activations") continue;
    EXPECT_TRUE(std::isnan(array.values.back())) << array.name;
    EXPECT_FALSE(std::isnan(array.values.front())) << array.name;
  }
}

// Ended right before the step that would show it, the run has diverged all the same.
TEST(Train, TheLastUpdateMayDiverge) {
  RunConfig config = Diverging();
  config.steps = TrainTiny(config).steps_done;
  const RunRecord record = TrainTiny(config, EverythingRecorded());
  EXPECT_EQ(record.outcome, Outcome::kDiverged);
  EXPECT_EQ(record.steps_done, config.steps);
  EXPECT_TRUE(std::isnan(record.final_loss));
  config.steps -= 1;
  EXPECT_EQ(TrainTiny(config).outcome, Outcome::kCompleted);
}

TEST(Train, ARunThatIsBadFromTheStartHasNoSteps) {
  RunConfig config = TinyConfig();
  data::Dataset dataset = data::Load(config.data);
  dataset.train.x[7] = std::numeric_limits<float>::infinity();
  const auto record = Train(config, dataset, EverythingRecorded());
  ASSERT_TRUE(record);
  EXPECT_EQ(record->outcome, Outcome::kDiverged);
  EXPECT_EQ(record->steps_done, 0);
  EXPECT_TRUE(record->transitions.empty());
}

TEST(Train, StopsWhenAsked) {
  const RunConfig config = TinyConfig();
  const data::Dataset dataset = data::Load(config.data);
  StopToken stop;
  stop.Request();
  EXPECT_FALSE(Train(config, dataset, {}, {.stop = &stop}).has_value());
  StopToken later;
  RunConfig longer = config;
  longer.steps = 100'000'000;
  TrainControls controls = {.stop = &later, .on_progress = [&](std::int64_t) { later.Request(); }};
  EXPECT_FALSE(Train(longer, dataset, NothingRecorded(), controls).has_value());
}

TEST(Train, ProgressAddsUpToTheSteps) {
  RunConfig config = TinyConfig();
  config.steps = 5003;
  std::int64_t steps = 0;
  Train(config, data::Load(config.data), NothingRecorded(),
        {.on_progress = [&](std::int64_t done) { steps += done; }});
  EXPECT_EQ(steps, 5003);
}

TEST(Train, WeightsOfAStepReproduceItsLossAndAccuracy) {
  for (const Loss loss : {Loss::kCrossEntropy, Loss::kMse}) {
    RunConfig config = TinyConfig();
    config.loss = loss;
    config.steps = 60;
    const data::Dataset dataset = data::Load(config.data);
    const RunRecord record = TrainTiny(config, EverythingRecorded());
    Evaluator evaluator(config, dataset, dataset.train);
    const auto& losses = ArrayOf(record, "", "loss").values;
    for (std::size_t k = 0; k < losses.size(); ++k) {
      const Evaluation evaluation = evaluator.Evaluate(ParametersOf(record, dataset, "weights", k));
      EXPECT_EQ(static_cast<float>(evaluation.loss), losses[k]) << "step " << k;
      EXPECT_EQ(static_cast<float>(evaluation.accuracy), ArrayOf(record, "", "accuracy").values[k]);
    }
    // The last row holds the final weights.
    const auto& steps = AxisOf(record, "weights");
    EXPECT_EQ(steps.back(), 60);
    EXPECT_EQ(evaluator.Evaluate(ParametersOf(record, dataset, "weights", 60)).loss,
              record.final_loss);
  }
}

TEST(Train, UpdatesFollowFromTheRecordedGradients) {
  RunConfig config = TinyConfig();
  config.optim.optimizer = optim::Optimizer::kSgd;
  config.steps = 20;
  const data::Dataset dataset = data::Load(config.data);
  const RunRecord record = TrainTiny(config, EverythingRecorded());
  const auto lr = static_cast<float>(config.optim.lr);
  for (std::size_t k = 0; k < 20; ++k) {
    const auto before = ParametersOf(record, dataset, "weights", k);
    const auto after = ParametersOf(record, dataset, "weights", k + 1);
    const auto gradient = ParametersOf(record, dataset, "gradients", k);
    for (std::size_t i = 0; i < before.size(); ++i) {
      EXPECT_EQ(after[i], std::fma(-lr, gradient[i], before[i]));
    }
  }
}

double NormOf(const std::vector<float>& a, const std::vector<float>& b, const model::Tensor& weight,
              const model::Tensor& bias) {
  double sum = 0.0;
  for (const model::Tensor& tensor : {weight, bias}) {
    for (std::size_t i = tensor.offset; i < tensor.offset + tensor.size(); ++i) {
      sum += std::pow(static_cast<double>(a[i]) - static_cast<double>(b[i]), 2);
    }
  }
  return std::sqrt(sum);
}

TEST(Train, NormsAreThoseOfTheRecordedTensors) {
  RunConfig config = TinyConfig();
  config.steps = 20;
  const data::Dataset dataset = data::Load(config.data);
  const RunRecord record = TrainTiny(config, EverythingRecorded());
  const model::ParameterLayout layout(ArchitectureOf(config, dataset));
  const std::vector<float> zero(layout.size());
  for (std::size_t k = 0; k < 20; ++k) {
    const auto weights = ParametersOf(record, dataset, "weights", k);
    const auto next = ParametersOf(record, dataset, "weights", k + 1);
    const auto gradients = ParametersOf(record, dataset, "gradients", k);
    for (std::size_t l = 0; l < 3; ++l) {
      const model::Tensor& w = *layout.Find(model::TensorKind::kLinearWeight, l);
      const model::Tensor& b = *layout.Find(model::TensorKind::kLinearBias, l);
      const auto recorded = [&](const char* name) {
        return static_cast<double>(ArrayOf(record, "", name).values[k * 3 + l]);
      };
      EXPECT_NEAR(recorded("weight_norm") / NormOf(weights, zero, w, b), 1.0, 1e-6);
      EXPECT_NEAR(recorded("grad_norm") / NormOf(gradients, zero, w, b), 1.0, 1e-6);
      EXPECT_NEAR(recorded("update_norm") / NormOf(next, weights, w, b), 1.0, 1e-6);
    }
  }
}

// A forward pass with a step's weights gives its activations back, bit for bit; that is what
// makes storing them optional.
TEST(Train, ActivationsAreAForwardPassWithTheStepsWeights) {
  for (const std::int64_t batch : {0, 32}) {
    RunConfig config = TinyConfig();
    config.model.norm = model::Norm::kLayerNorm;
    config.model.affine = true;
    config.model.activation = model::Activation::kGelu;
    config.batch = batch;
    config.steps = 10;
    const data::Dataset dataset = data::Load(config.data);
    RecordOptions recording = EverythingRecorded();
    recording.activation_points = 37;
    const RunRecord record = TrainTiny(config, recording);
    const model::Architecture architecture = ArchitectureOf(config, dataset);
    model::Network network(architecture, dataset.train.points);
    Batch all;
    PackBatch(dataset, dataset.train, {}, 0, dataset.train.points, false, all);
    for (std::size_t k = 0; k < 10; ++k) {
      const auto weights = ParametersOf(record, dataset, "weights", k);
      network.Forward(weights, all.x.data(), dataset.train.points);
      for (const std::string name : {"linear0", "norm0", "linear1", "norm1", "linear2"}) {
        const RecordedArray& array = ArrayOf(record, "activations", name + "_output");
        const auto layer = static_cast<std::size_t>(name.back() - '0');
        const float* from =
            name[0] == 'n' ? network.norm_output(layer) : network.linear_output(layer);
        const std::size_t units = array.shape[2];
        ASSERT_EQ(array.shape[1], 37u);
        for (std::size_t p = 0; p < 37; ++p) {
          for (std::size_t u = 0; u < units; ++u) {
            ASSERT_EQ(array.values[(k * 37 + p) * units + u], from[kernels::OffsetOf(p, u, units)])
                << name << " step " << k << " point " << p;
          }
        }
      }
    }
  }
}

TEST(Train, TheTestSplitIsEvaluated) {
  RunConfig config = TinyConfig();
  config.steps = 50;
  data::Dataset dataset = data::Load(config.data);
  dataset.test = dataset.train;  // so that the answers are known
  RecordOptions recording = EverythingRecorded();
  const auto record = Train(config, dataset, recording);
  EXPECT_EQ(ArrayOf(*record, "", "test_loss").values, ArrayOf(*record, "", "loss").values);
  EXPECT_EQ(ArrayOf(*record, "", "test_accuracy").values, ArrayOf(*record, "", "accuracy").values);
  EXPECT_EQ(record->final_test_loss, record->final_loss);
  EXPECT_EQ(record->final_test_accuracy, record->final_accuracy);
  recording.test = StepSchedule::Every(20);
  const auto sparse = Train(config, dataset, recording);
  for (std::size_t k = 0; k < 50; ++k) {
    EXPECT_EQ(std::isnan(ArrayOf(*sparse, "", "test_loss").values[k]), k % 20 != 0 && k != 49) << k;
  }
  EXPECT_EQ(sparse->digest, record->digest);
}

TEST(Train, RunsWithoutATestSplitHaveNoTestColumns) {
  const RunRecord record = TrainTiny(TinyConfig(), EverythingRecorded());
  EXPECT_EQ(FindArray(record, "", "test_loss"), nullptr);
  EXPECT_TRUE(std::isnan(record.final_test_loss));
}

TEST(Train, RegressionHasNoAccuracy) {
  RunConfig config = TinyConfig();
  config.data.task = "toy_regression";
  config.loss = Loss::kMse;
  config.model.norm = model::Norm::kLayerNorm;
  config.model.width = 8;
  config.optim.lr = 0.05;
  config.steps = 600;
  const RunRecord record = TrainTiny(config, EverythingRecorded());
  EXPECT_EQ(FindArray(record, "", "accuracy"), nullptr);
  EXPECT_TRUE(std::isnan(record.final_accuracy));
  EXPECT_TRUE(std::isnan(record.best_accuracy));
  const auto& losses = ArrayOf(record, "", "loss").values;
  EXPECT_NEAR(losses[0], 400.0, 150.0);  // the variance of the target
  EXPECT_LT(record.final_loss, 0.5 * static_cast<double>(losses[0]));
  config.loss = Loss::kCrossEntropy;
  EXPECT_THROW(TrainTiny(config), Error);
}

TEST(Train, SquaredErrorOnClassesLearnsThem) {
  RunConfig config = TinyConfig();
  config.data.task = "sectors";
  config.data.sectors = 2;
  config.loss = Loss::kMse;
  const RunRecord record = TrainTiny(config);
  EXPECT_GE(record.final_accuracy, 0.97);
  EXPECT_LT(record.final_loss, 0.1);
  EXPECT_GE(record.best_accuracy, record.final_accuracy);
}

// At most 2^(depth+1) arcs: trained networks come close to the bound and never pass it.
TEST(Train, AccuracyOnSectorsIsBounded) {
  double best = 0.0;
  for (std::uint64_t seed = 0; seed < 24; ++seed) {
    RunConfig config = TinyConfig();
    config.data.task = "sectors";
    config.data.points = 400;
    config.data.sectors = 8;
    config.model.width = 2;
    config.model.depth = 1;
    config.steps = 1500;
    config.seed = seed;
    best = std::max(best, TrainTiny(config).best_accuracy);
  }
  EXPECT_LE(best, 0.75);
  EXPECT_GE(best, 0.70);
}

std::uint64_t BytesOf(const RunRecord& record) {
  std::uint64_t bytes = 0;
  for (const RecordedArray& array : record.arrays) bytes += array.values.size() * sizeof(float);
  return bytes;
}

TEST(RecordedBytes, IsTheSizeOfTheArrays) {
  RunConfig config = TinyConfig();
  config.model.norm = model::Norm::kDyT;
  config.model.affine = true;
  RunConfig toy = config;
  toy.data.task = "toy_regression";
  toy.loss = Loss::kMse;
  RunConfig diverging = Diverging();
  RecordOptions sparse = NothingRecorded();
  sparse.scalars = StepSchedule::Every(9);
  sparse.weights = {.form = StepSchedule::Form::kPerDecade, .per_decade = 8};
  sparse.gradients = {.form = StepSchedule::Form::kAt, .at = {3, 4}};
  for (const RunConfig& run : {config, toy, diverging}) {
    for (const RecordOptions& recording :
         {NothingRecorded(), EverythingRecorded(), RecordOptions{}, sparse}) {
      for (const bool tested : {false, true}) {
        data::Dataset dataset = data::Load(run.data);
        if (tested) dataset.test = dataset.train;
        const auto record = Train(run, dataset, recording);
        EXPECT_EQ(RecordedBytes(run, dataset, recording), BytesOf(*record))
            << run.data.task << ", test split " << tested;
      }
    }
  }
}

TEST(Train, RecordedArraysHaveTheShapesThatTheyClaim) {
  RunConfig config = TinyConfig();
  config.steps = 30;
  config.model.affine = true;
  const RunRecord record = TrainTiny(config, EverythingRecorded());
  for (const RecordedArray& array : record.arrays) {
    ASSERT_EQ(array.dimensions.size(), array.shape.size()) << array.name;
    std::size_t count = 1;
    for (const std::size_t length : array.shape) count *= length;
    EXPECT_EQ(array.values.size(), count) << array.name;
    EXPECT_EQ(array.shape[0], AxisOf(record, array.group).size()) << array.name;
    EXPECT_FALSE(array.description.empty()) << array.name;
  }
  EXPECT_EQ(ArrayOf(record, "weights", "linear1_weight").shape,
            (std::vector<std::size_t>{31, 3, 3}));
  EXPECT_EQ(ArrayOf(record, "gradients", "norm0_bias").shape, (std::vector<std::size_t>{30, 3}));
  EXPECT_EQ(ArrayOf(record, "activations", "linear2_output").shape,
            (std::vector<std::size_t>{30, 90, 2}));
}

TEST(Train, ConfigurationsThatDoNotFitAreInputErrors) {
  RunConfig config = TinyConfig();
  config.model.norm = model::Norm::kGroupNorm;
  config.model.groups = 2;  // does not divide 3
  EXPECT_THROW(TrainTiny(config), Error);
}

}  // namespace
}  // namespace crease::train
