// However the engine takes a step, narrow networks in registers and others tile by tile: the bits
// are those of layer by layer over all points.
#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "lib/core/random.h"
#include "lib/kernels/layout.h"
#include "lib/kernels/target.h"
#include "lib/model/initialise.h"
#include "lib/model/network.h"
#include "tests/model/layered_step.h"

namespace crease::model {
namespace {

class StepTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { kernels::ForceTarget(GetParam()); }
  void TearDown() override { kernels::ForceTarget(""); }
};
INSTANTIATE_TEST_SUITE_P(Targets, StepTest, testing::ValuesIn(kernels::SupportedTargets()));

struct Inputs {
  AlignedVector<float> x, targets;
  AlignedVector<std::int32_t> labels;
};

Inputs Draw(const Architecture& architecture, std::size_t points) {
  const RandomStream random(7, Purpose::kData, static_cast<std::uint32_t>(points));
  Inputs drawn;
  drawn.x.resize(PadToLanes(points) * architecture.inputs);
  for (std::size_t i = 0; i < drawn.x.size(); ++i) {
    drawn.x[i] = static_cast<float>(random.Normal(i));
  }
  drawn.targets.resize(PadToLanes(points) * architecture.outputs);
  for (std::size_t i = 0; i < drawn.targets.size(); ++i) {
    drawn.targets[i] = static_cast<float>(random.Normal(i + (1u << 20)));
  }
  drawn.labels.assign(PadToLanes(points), -1);
  for (std::size_t p = 0; p < points; ++p) {
    drawn.labels[p] = static_cast<std::int32_t>(random.Below(p, architecture.outputs));
  }
  return drawn;
}

std::string Describe(const Architecture& architecture, const Objective& objective) {
  const Options& options = architecture.options;
  return std::to_string(static_cast<int>(options.norm)) + " (norm), " +
         std::to_string(options.width) + " wide, " + std::to_string(options.depth) + " deep, " +
         std::to_string(options.groups) + " groups, exponent " + std::to_string(options.exponent) +
         ", " + std::to_string(objective.shape.points) + " points, " +
         std::to_string(architecture.outputs) + " outputs, " +
         (objective.cross_entropy ? "cross-entropy" : "squared error");
}

// Away from 1 and 0, where they begin and make no difference.
void MoveAffineMaps(const ParameterLayout& layout, std::span<float> parameters) {
  const RandomStream random(11, Purpose::kData, 0);
  for (const Tensor& tensor : layout.tensors()) {
    if (tensor.kind != TensorKind::kNormWeight && tensor.kind != TensorKind::kNormBias) continue;
    for (std::size_t i = tensor.offset; i < tensor.offset + tensor.size(); ++i) {
      parameters[i] += 0.5f * static_cast<float>(random.Normal(i));
    }
  }
}

void CompareLoss(const Architecture& architecture, const Inputs& drawn,
                 const Objective& objective) {
  SCOPED_TRACE(Describe(architecture, objective));
  const std::size_t points = objective.shape.points;
  Network network(architecture, points);
  AlignedVector<float> parameters(network.layout().size());
  InitialiseParameters(architecture, network.layout(), 3, parameters);
  MoveAffineMaps(network.layout(), parameters);

  AlignedVector<float> apart(parameters.size()), at_once(parameters.size());
  const kernels::LossResult expected =
      LayeredStep(architecture, parameters, drawn.x.data(), objective, apart);
  const kernels::LossResult result =
      network.ForwardBackward(parameters, drawn.x.data(), objective, at_once);
  EXPECT_EQ(result.loss, expected.loss);
  EXPECT_EQ(result.correct, expected.correct);
  for (const Tensor& tensor : network.layout().tensors()) {
    EXPECT_EQ(0, std::memcmp(apart.data() + tensor.offset, at_once.data() + tensor.offset,
                             tensor.size() * sizeof(float)))
        << tensor.name;
  }
}

void Compare(const Architecture& architecture, std::size_t points) {
  const Inputs drawn = Draw(architecture, points);
  Objective objective;
  objective.shape = {architecture.outputs, architecture.outputs, points};
  objective.labels = drawn.labels.data();
  if (architecture.outputs > 1) CompareLoss(architecture, drawn, objective);

  objective.cross_entropy = false;
  objective.targets = drawn.targets.data();
  CompareLoss(architecture, drawn, objective);
  objective.labels = nullptr;
  objective.shape.supervised = (architecture.outputs + 1) / 2;
  CompareLoss(architecture, drawn, objective);
}

// Every norm with every setting that a width allows.
std::vector<Options> AllNorms(std::int64_t width) {
  std::vector<Options> all;
  Options options;
  options.width = width;
  for (const Norm norm : {Norm::kUnit, Norm::kLayerNorm, Norm::kRmsNorm, Norm::kDyT, Norm::kNone}) {
    options.norm = norm;
    all.push_back(options);
  }
  options.norm = Norm::kGroupNorm;
  for (options.groups = 1; options.groups <= width; ++options.groups) {
    if (width % options.groups == 0) all.push_back(options);
  }
  options.groups = 1;
  options.norm = Norm::kDivisive;
  for (options.exponent = 1; options.exponent <= 3; ++options.exponent) all.push_back(options);
  return all;
}

TEST_P(StepTest, HasTheBitsOfItsParts) {
  for (std::int64_t width = 1; width <= 9; ++width) {
    for (const Options& options : AllNorms(width)) {
      for (const std::size_t points : {1, 16, 17, 100, 1025}) {
        Architecture architecture;
        architecture.options = options;
        architecture.options.depth = 1 + width % 3;
        architecture.options.affine = points % 2 == 1;
        architecture.options.bias = width != 4;
        architecture.inputs = points == 16 ? 3 : 2;
        architecture.outputs = points == 17 ? 4 : points == 100 ? 1 : 2;
        ASSERT_NO_FATAL_FAILURE(Compare(architecture, points));
      }
    }
  }
}

TEST_P(StepTest, HasTheBitsOfItsPartsWhenWide) {
  for (const std::int64_t width : {16, 33, 64, 130}) {
    for (const Norm norm : {Norm::kUnit, Norm::kLayerNorm, Norm::kDivisive, Norm::kDyT}) {
      for (const Activation activation : {Activation::kNone, Activation::kGelu}) {
        Architecture architecture;
        architecture.options.norm = norm;
        architecture.options.width = width;
        architecture.options.activation = activation;
        architecture.options.affine = norm == Norm::kUnit;
        architecture.inputs = norm == Norm::kDyT ? 19 : 3;
        architecture.outputs = norm == Norm::kUnit ? 10 : 2;
        for (const std::size_t points : {7, 160, 1100}) {
          if (points > 160 && width > 33) continue;  // nothing new, and slow
          ASSERT_NO_FATAL_FAILURE(Compare(architecture, points));
        }
      }
    }
  }
}

TEST_P(StepTest, HasTheBitsOfItsPartsAtTheLimitsOfNarrow) {
  for (const std::int64_t width : {3, 8}) {
    Architecture architecture;
    architecture.options.width = width;
    architecture.options.depth = 8;
    architecture.inputs = 8;
    architecture.outputs = 8;
    Compare(architecture, 100);
  }
}

}  // namespace
}  // namespace crease::model
