// The double reference's gradients against finite differences of its own loss.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/model/derivative.h"
#include "tests/model/problem.h"

namespace crease::model {
namespace {

constexpr Norm kNorms[] = {Norm::kUnit,     Norm::kLayerNorm, Norm::kRmsNorm, Norm::kGroupNorm,
                           Norm::kDivisive, Norm::kDyT,       Norm::kNone};
constexpr Activation kActivations[] = {Activation::kNone, Activation::kRelu, Activation::kGelu,
                                       Activation::kElu, Activation::kTanh};

// The extrapolated difference is good to about 1e-12 where the loss is smooth on the scale of its
// steps (eps_double * loss / h with h ~ 1e-2 and a few digits lost in the scheme); its estimate
// says where it is not, as beside the kink of a ReLU.
constexpr double kTolerance = 1e-10;

struct Tally {
  int derivatives = 0, sharp = 0;
};

void CheckGradients(const Problem& problem, Tally& tally) {
  const ReferenceResult result = RunReference(problem);
  const ParameterLayout layout(problem.architecture);
  for (const Tensor& tensor : layout.tensors()) {
    for (std::size_t i = tensor.offset; i < tensor.offset + tensor.size(); ++i) {
      Problem moved = problem;
      const Derivative derivative = Differentiate(
          [&](double value) {
            moved.parameters[i] = value;
            return RunReference(moved).loss;
          },
          problem.parameters[i]);
      const double size = std::max(1.0, std::abs(derivative.value));
      ++tally.derivatives;
      if (derivative.error <= kTolerance * size) ++tally.sharp;
      ASSERT_NEAR(result.gradients[i], derivative.value, kTolerance * size + derivative.error)
          << tensor.name << "[" << i - tensor.offset << "]";
    }
  }
}

Options Base(Norm norm) {
  Options options;
  options.norm = norm;
  options.width = 4;
  options.eps = 0.05;
  options.groups = 2;
  options.beta = 0.8;
  return options;
}

std::string Describe(const Options& o) {
  return "norm " + std::to_string(static_cast<int>(o.norm)) + ", activation " +
         std::to_string(static_cast<int>(o.activation)) + ", depth " + std::to_string(o.depth) +
         ", affine " + std::to_string(o.affine) + ", bias " + std::to_string(o.bias) +
         std::to_string(o.head_bias);
}

class ReferenceGradient : public testing::TestWithParam<Norm> {
 protected:
  // Both losses; the seed differs from case to case.
  void Check(const Options& options) {
    for (const ReferenceLoss loss :
         {ReferenceLoss::kCrossEntropy, ReferenceLoss::kMeanSquaredError}) {
      SCOPED_TRACE(Describe(options));
      CheckGradients(MakeProblem({options, 2, 3}, 3, loss, ++seed_), tally_);
      if (HasFatalFailure()) return;
    }
  }
  void TearDown() override {
    EXPECT_GE(tally_.sharp, tally_.derivatives * 95 / 100)
        << "most differences must be good enough to prove something";
  }
  std::uint64_t seed_ = 0;
  Tally tally_;
};

TEST_P(ReferenceGradient, AgreesForEveryActivationDepthAndAffine) {
  for (const Activation activation : kActivations) {
    for (const int depth : {0, 1, 2, 3}) {
      for (const bool affine : {false, true}) {
        Options options = Base(GetParam());
        options.activation = activation;
        options.depth = depth;
        options.affine = affine;
        ASSERT_NO_FATAL_FAILURE(Check(options));
      }
    }
  }
}

TEST_P(ReferenceGradient, AgreesWithoutBiases) {
  for (const int depth : {0, 2}) {
    for (const bool bias : {true, false}) {
      Options options = Base(GetParam());
      options.depth = depth;
      options.bias = bias;
      options.head_bias = false;
      ASSERT_NO_FATAL_FAILURE(Check(options));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Norms, ReferenceGradient, testing::ValuesIn(kNorms));

TEST(ReferenceGradientDivisive, AgreesForEveryExponent) {
  Tally tally;
  for (const double exponent : {1.0, 2.0, 3.0}) {
    Options options = Base(Norm::kDivisive);
    options.exponent = exponent;
    SCOPED_TRACE(exponent);
    CheckGradients(MakeProblem({options, 2, 3}, 3, ReferenceLoss::kCrossEntropy, 11), tally);
  }
  EXPECT_GE(tally.sharp, tally.derivatives * 9 / 10);
}

// At the default eps the loss bends on the scale of sqrt(eps): fewer differences are sharp.
TEST(ReferenceGradientSmallEps, AgreesWithinTheDifferencesOwnError) {
  Tally tally;
  for (const Norm norm : kNorms) {
    Options options = Base(norm);
    options.eps = 1e-5;
    SCOPED_TRACE(Describe(options));
    CheckGradients(MakeProblem({options, 2, 3}, 5, ReferenceLoss::kCrossEntropy, 12), tally);
  }
  EXPECT_GE(tally.sharp, tally.derivatives / 2);
}

TEST(Differentiate, EstimatesItsOwnError) {
  const Derivative smooth = Differentiate([](double x) { return std::exp(x); }, 1.0);
  EXPECT_NEAR(smooth.value, std::exp(1.0), 1e-12);
  EXPECT_LE(smooth.error, 1e-11);
  const Derivative kink = Differentiate([](double x) { return std::abs(x - 1e-4); }, 0.0);
  EXPECT_NEAR(kink.value, -1.0, std::max(kink.error, 1e-10));
}

}  // namespace
}  // namespace crease::model
