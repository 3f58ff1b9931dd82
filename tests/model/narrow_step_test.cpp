// The step of a narrow network at once has the bits of forward, loss and backward one by one.
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "lib/core/random.h"
#include "lib/kernels/layout.h"
#include "lib/kernels/target.h"
#include "lib/model/initialise.h"
#include "lib/model/network.h"

namespace crease::model {
namespace {

class NarrowStepTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { kernels::ForceTarget(GetParam()); }
  void TearDown() override { kernels::ForceTarget(""); }
};
INSTANTIATE_TEST_SUITE_P(Targets, NarrowStepTest, testing::ValuesIn(kernels::SupportedTargets()));

struct Inputs {
  AlignedVector<float> x;
  AlignedVector<std::int32_t> labels;
};

Inputs Draw(const Architecture& architecture, std::size_t points) {
  const RandomStream random(7, Purpose::kData, static_cast<std::uint32_t>(points));
  Inputs drawn;
  drawn.x.resize(PadToLanes(points) * architecture.inputs);
  for (std::size_t i = 0; i < drawn.x.size(); ++i)
    drawn.x[i] = static_cast<float>(random.Normal(i));
  drawn.labels.assign(PadToLanes(points), -1);
  for (std::size_t p = 0; p < points; ++p) {
    drawn.labels[p] = static_cast<std::int32_t>(random.Below(p, architecture.outputs));
  }
  return drawn;
}

void Compare(const Architecture& architecture, std::size_t points) {
  SCOPED_TRACE(std::to_string(architecture.options.width) + " wide, " +
               std::to_string(architecture.options.depth) + " deep, " + std::to_string(points) +
               " points, " + std::to_string(architecture.outputs) + " outputs");
  Network network(architecture, points);
  AlignedVector<float> parameters(network.layout().size());
  InitialiseParameters(architecture, network.layout(), 3, parameters);
  const Inputs drawn = Draw(architecture, points);
  Objective objective;
  objective.shape = {architecture.outputs, architecture.outputs, points};
  objective.labels = drawn.labels.data();

  AlignedVector<float> apart(parameters.size()), at_once(parameters.size());
  const float* outputs = network.Forward(parameters, drawn.x.data(), points);
  const kernels::LossResult expected = objective.Loss(outputs, network.d_outputs());
  network.Backward(parameters, network.d_outputs(), apart);
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

TEST_P(NarrowStepTest, HasTheBitsOfItsParts) {
  for (const Norm norm : {Norm::kUnit, Norm::kLayerNorm, Norm::kRmsNorm}) {
    for (const std::int64_t width : {1, 2, 3, 4, 5, 6, 7}) {
      for (const std::size_t points : {1, 16, 17, 400, 1025}) {
        for (const bool affine : {false, true}) {
          Architecture architecture;
          architecture.options.norm = norm;
          architecture.options.width = width;
          architecture.options.depth = 1 + width % 3;
          architecture.options.affine = affine;
          architecture.options.bias = width != 4;
          architecture.inputs = points == 16 ? 3 : 2;
          architecture.outputs = points == 17 ? 4 : 2;
          ASSERT_NO_FATAL_FAILURE(Compare(architecture, points));
        }
      }
    }
  }
}

TEST_P(NarrowStepTest, HasTheBitsOfItsPartsAtItsLimits) {
  Architecture architecture;
  architecture.options.depth = 8;
  architecture.inputs = 8;
  architecture.outputs = 8;
  Compare(architecture, 100);
}

}  // namespace
}  // namespace crease::model
