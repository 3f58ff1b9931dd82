// The float engine against the double reference, over random networks.
//
// The tolerance is what rounding the inputs costs: parameters and points are moved by a relative
// 2^-24, at random, and the reference says how far its results move. The engine rounds about as
// often as it has terms, in every layer, so its error may be a multiple of that, growing with the
// square root of the number of terms. This stays honest where a point lies near the fold, where
// 1/|z| magnifies any rounding.
#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "lib/core/random.h"
#include "tests/model/problem.h"

namespace crease::model {
namespace {

constexpr double kFloatEps = 0x1p-24;
constexpr double kRoundings = 16.0;  // errors of a kernel, in units of one rounding

template <typename T>
T Pick(std::initializer_list<T> values) {
  return *rc::gen::elementOf(std::vector<T>(values));
}

Options RandomOptions() {
  Options options;
  options.norm = Pick({Norm::kUnit, Norm::kLayerNorm, Norm::kRmsNorm, Norm::kGroupNorm,
                       Norm::kDivisive, Norm::kDyT, Norm::kNone});
  options.width = *rc::gen::inRange(1, 20);
  options.depth = *rc::gen::inRange(0, 4);
  options.affine = *rc::gen::arbitrary<bool>();
  options.eps = Pick({1e-5, 1e-3, 1.0});
  for (const std::int64_t groups : {2, 3, 5}) {
    if (options.norm == Norm::kGroupNorm && options.width % groups == 0) options.groups = groups;
  }
  options.beta = Pick({0.1, 1.0, 3.0});
  options.exponent = Pick({1.0, 2.0, 3.0});
  options.activation = Pick({Activation::kNone, Activation::kRelu, Activation::kGelu,
                             Activation::kElu, Activation::kTanh});
  options.bias = *rc::gen::arbitrary<bool>();
  options.head_bias = options.bias && *rc::gen::arbitrary<bool>();
  return options;
}

Problem RandomProblem() {
  const Architecture architecture = {RandomOptions(), *rc::gen::inRange<std::size_t>(1, 6),
                                     *rc::gen::inRange<std::size_t>(1, 5)};
  const ReferenceLoss loss = Pick({ReferenceLoss::kCrossEntropy, ReferenceLoss::kMeanSquaredError});
  const auto seed = *rc::gen::inRange<std::uint64_t>(0, 1u << 30);
  return MakeProblem(architecture, *rc::gen::inRange(1, 40), loss, seed);
}

struct Movement {  // of each result under roundings of the inputs; largest of several
  double loss = 0.0, outputs = 0.0;
  std::vector<double> gradients;  // norm of each tensor's
};

void MoveByRounding(std::uint64_t draw, Problem& problem) {
  const RandomStream random(draw, Purpose::kNoise);
  std::uint64_t index = 0;
  const auto move = [&](double& value) {
    value *= 1.0 + kFloatEps * (2.0 * random.Uniform(index++) - 1.0);
  };
  for (double& value : problem.parameters) move(value);
  for (Eigen::Index i = 0; i < problem.batch.x.size(); ++i) move(problem.batch.x.data()[i]);
}

Movement MovementOf(const Problem& problem, const ReferenceResult& exact,
                    const ParameterLayout& layout) {
  Movement movement;
  movement.gradients.assign(layout.tensors().size(), 0.0);
  for (std::uint64_t draw = 0; draw < 6; ++draw) {
    Problem moved = problem;
    MoveByRounding(draw, moved);
    const ReferenceResult result = RunReference(moved);
    movement.loss = std::max(movement.loss, std::abs(result.loss - exact.loss));
    movement.outputs = std::max(movement.outputs, (result.outputs - exact.outputs).norm());
    for (std::size_t t = 0; t < layout.tensors().size(); ++t) {
      const Tensor& tensor = layout.tensors()[t];
      movement.gradients[t] =
          std::max(movement.gradients[t],
                   Distance(PartOf(tensor, result.gradients), PartOf(tensor, exact.gradients)));
    }
  }
  return movement;
}

RC_GTEST_PROP(Engine, AgreesWithTheReference, ()) {
  const Problem problem = RandomProblem();
  const Options& options = problem.architecture.options;
  const ParameterLayout layout(problem.architecture);
  const ReferenceResult exact = RunReference(problem), engine = RunEngine(problem);
  const Movement movement = MovementOf(problem, exact, layout);
  const double terms =
      static_cast<double>(std::max<Eigen::Index>(options.width, problem.batch.x.cols()));
  const double allowed = kRoundings * std::sqrt(terms) * static_cast<double>(options.depth + 1);
  const double own = allowed * kFloatEps;  // of rounding the result itself

  RC_ASSERT(std::abs(engine.loss - exact.loss) <= allowed * movement.loss + own * exact.loss);
  RC_ASSERT((engine.outputs - exact.outputs).norm() <=
            allowed * movement.outputs + own * exact.outputs.norm());
  double total = NormOf(exact.gradients);
  for (std::size_t t = 0; t < layout.tensors().size(); ++t) {
    const Tensor& tensor = layout.tensors()[t];
    const double error =
        Distance(PartOf(tensor, engine.gradients), PartOf(tensor, exact.gradients));
    if (error > allowed * movement.gradients[t] + own * total) {
      RC_FAIL(tensor.name + ": error " + std::to_string(error / total) + " of the gradient, norm " +
              std::to_string(static_cast<int>(options.norm)));
    }
  }
}

// Well-conditioned networks: plain relative bounds, so that the scheme above proves nothing empty.
TEST(Engine, IsWithinTenRoundingsWhereNothingMagnifies) {
  for (const Norm norm : {Norm::kUnit, Norm::kLayerNorm, Norm::kRmsNorm, Norm::kGroupNorm,
                          Norm::kDivisive, Norm::kDyT, Norm::kNone}) {
    Options options;
    options.norm = norm;
    options.width = 8;
    options.groups = 2;
    options.eps = 1.0;
    options.affine = true;
    const Problem problem = MakeProblem({options, 3, 3}, 33, ReferenceLoss::kCrossEntropy, 5);
    const ReferenceResult exact = RunReference(problem), engine = RunEngine(problem);
    EXPECT_NEAR(engine.loss / exact.loss, 1.0, 10 * kFloatEps);
    const ParameterLayout layout(problem.architecture);
    for (const Tensor& tensor : layout.tensors()) {
      const std::vector<double> truth = PartOf(tensor, exact.gradients);
      EXPECT_LE(Distance(PartOf(tensor, engine.gradients), truth), 10 * kFloatEps * NormOf(truth))
          << tensor.name << ", norm " << static_cast<int>(norm);
    }
  }
}

// A point's activations depend on no other point, nor on how many there are.
RC_GTEST_PROP(Engine, APointsOutputsDoNotDependOnItsBatch, ()) {
  const Problem problem = RandomProblem();
  const ReferenceResult all = RunEngine(problem);
  const auto point = *rc::gen::inRange<Eigen::Index>(0, problem.batch.x.cols());
  Problem alone = problem;
  alone.batch.x = problem.batch.x.col(point);
  alone.batch.targets = problem.batch.targets.col(point);
  alone.batch.labels = {problem.batch.labels[static_cast<std::size_t>(point)]};
  const ReferenceResult single = RunEngine(alone);
  for (std::size_t l = 0; l < all.linear_outputs.size(); ++l) {
    RC_ASSERT(single.linear_outputs[l] == all.linear_outputs[l].col(point));
    if (l < all.norm_outputs.size()) {
      RC_ASSERT(single.norm_outputs[l] == all.norm_outputs[l].col(point));
    }
  }
}

// Gradients of padding stay zero, or the optimizer would carry rubbish along.
RC_GTEST_PROP(Engine, LeavesPaddingAtZero, ()) {
  const Problem problem = RandomProblem();
  std::vector<double> gradients = RunEngine(problem).gradients;
  const ParameterLayout layout(problem.architecture);
  for (const Tensor& tensor : layout.tensors()) {
    std::fill_n(gradients.begin() + static_cast<std::ptrdiff_t>(tensor.offset), tensor.size(), 0.0);
  }
  RC_ASSERT(NormOf(gradients) == 0.0);
}

}  // namespace
}  // namespace crease::model
