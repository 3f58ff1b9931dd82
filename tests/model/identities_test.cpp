// Exact identities of these networks, over random ones: in the double reference to rounding, and
// in the float engine to rounding in float.
#include <cmath>
#include <numbers>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "lib/core/random.h"
#include "tests/model/derivative.h"
#include "tests/model/problem.h"

namespace crease::model {
namespace {

using Vector = Eigen::VectorXd;

// (n-1, n) with orthonormal rows, each summing to zero.
Matrix Helmert(Eigen::Index n) {
  Matrix h = Matrix::Zero(n - 1, n);
  for (Eigen::Index k = 0; k < n - 1; ++k) {
    const auto size = static_cast<double>(k + 1);
    for (Eigen::Index j = 0; j <= k; ++j) h(k, j) = 1.0 / std::sqrt(size * (size + 1.0));
    h(k, k + 1) = -size / std::sqrt(size * (size + 1.0));
  }
  return h;
}

Matrix RandomRotation(Eigen::Index n, std::uint64_t seed) {
  const RandomStream random(seed, Purpose::kEvaluation);
  Matrix m(n, n);
  for (Eigen::Index i = 0; i < m.size(); ++i) {
    m.data()[i] = random.Normal(static_cast<std::uint64_t>(i));
  }
  return m.householderQr().householderQ();
}

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// A tensor of parameters or gradients as a matrix that may be written to.
Eigen::Map<RowMajor> View(const ParameterLayout& layout, std::vector<double>& buffer,
                          TensorKind kind, std::size_t layer) {
  const Tensor* tensor = layout.Find(kind, layer);
  return {buffer.data() + tensor->offset, static_cast<Eigen::Index>(tensor->rows),
          static_cast<Eigen::Index>(tensor->columns)};
}

// <theta_l, dL/dtheta_l> over the weight and bias of one linear layer.
double Along(const ParameterLayout& layout, const Problem& problem, const ReferenceResult& result,
             std::size_t layer) {
  double sum = 0.0;
  for (const TensorKind kind : {TensorKind::kLinearWeight, TensorKind::kLinearBias}) {
    const Tensor* tensor = layout.Find(kind, layer);
    if (tensor == nullptr) continue;
    for (std::size_t i = tensor->offset; i < tensor->offset + tensor->size(); ++i) {
      sum += problem.parameters[i] * result.gradients[i];
    }
  }
  return sum;
}

Problem RandomProblem(Options options, int points = 12) {
  const auto loss =
      *rc::gen::element(ReferenceLoss::kCrossEntropy, ReferenceLoss::kMeanSquaredError);
  return MakeProblem({options, 3, 3}, points, loss, *rc::gen::inRange<std::uint64_t>(0, 1u << 30));
}

// How far float rounding may move what the reference says: as in engine_test.cpp, but coarse.
constexpr double kFloatTolerance = 2e-4;

// --- LayerNorm of width n is unit in n - 1 dimensions ---

RC_GTEST_PROP(Identities, LayerNormIsUnitInTheCentredSpace, ()) {
  const Eigen::Index n = *rc::gen::inRange<Eigen::Index>(2, 9);
  const double eps = *rc::gen::element(1e-5, 1e-2, 1.0);
  const RandomStream random(*rc::gen::inRange<std::uint64_t>(0, 1u << 30), Purpose::kData);
  Vector z(n), g(n);
  for (Eigen::Index i = 0; i < n; ++i) {
    z[i] = random.Normal(static_cast<std::uint64_t>(i));
    g[i] = random.Normal(static_cast<std::uint64_t>(n + i));
  }
  const Matrix h = Helmert(n);
  const double root = std::sqrt(static_cast<double>(n));
  Options layernorm, unit;
  layernorm.norm = Norm::kLayerNorm;
  layernorm.eps = eps;
  unit.eps = eps * static_cast<double>(n);
  const Vector mapped = root * h.transpose() * ReferenceNorm(unit, 0.0, h * z);
  RC_ASSERT((ReferenceNorm(layernorm, 0.0, z) - mapped).norm() <= 1e-12 * root);
  const Vector d = ReferenceNormGradient(layernorm, 0.0, z, g, nullptr);
  const Vector d_mapped =
      root * h.transpose() * ReferenceNormGradient(unit, 0.0, h * z, h * g, nullptr);
  RC_ASSERT((d - d_mapped).norm() <= 1e-10 * (1.0 + d.norm()));
}

// The unit network of width n - 1 with the losses of a layernorm network of width n.
Problem AsUnitNetwork(const Problem& layernorm) {
  const Options& options = layernorm.architecture.options;
  const auto n = static_cast<double>(options.width);
  Problem unit = layernorm;
  unit.architecture.options.norm = Norm::kUnit;
  unit.architecture.options.width = options.width - 1;
  unit.architecture.options.eps = options.eps * n;
  const ParameterLayout from(layernorm.architecture), to(unit.architecture);
  unit.parameters.assign(to.size(), 0.0);
  std::vector<double> old = layernorm.parameters;
  const Matrix h = Helmert(options.width);
  for (std::size_t l = 0; l < layernorm.architecture.linears(); ++l) {
    Matrix weight = View(from, old, TensorKind::kLinearWeight, l);
    Matrix bias = View(from, old, TensorKind::kLinearBias, l).transpose();
    if (l > 0) weight = std::sqrt(n) * weight * h.transpose();
    if (l + 1 < layernorm.architecture.linears()) {
      weight = h * weight;
      bias = h * bias;
    }
    View(to, unit.parameters, TensorKind::kLinearWeight, l) = weight;
    View(to, unit.parameters, TensorKind::kLinearBias, l) = bias.transpose();
  }
  return unit;
}

RC_GTEST_PROP(Identities, LayerNormNetworksAreUnitNetworksOneNarrower, ()) {
  Options options;
  options.norm = Norm::kLayerNorm;
  options.width = *rc::gen::inRange(2, 9);
  options.depth = *rc::gen::inRange(1, 5);
  options.eps = *rc::gen::element(1e-3, 1e-1, 1.0);
  const Problem layernorm = RandomProblem(options);
  const Problem unit = AsUnitNetwork(layernorm);
  const ReferenceResult a = RunReference(layernorm), b = RunReference(unit);
  RC_ASSERT((a.outputs - b.outputs).norm() <= 1e-9 * (1.0 + a.outputs.norm()));
  RC_ASSERT(std::abs(a.loss - b.loss) <= 1e-9 * (1.0 + a.loss));
  const ReferenceResult c = RunEngine(layernorm), d = RunEngine(unit);
  RC_ASSERT(std::abs(c.loss - d.loss) <= kFloatTolerance * (1.0 + c.loss));
}

// --- Scaling the parameters before a norm is scaling its eps ---

RC_GTEST_PROP(Identities, ParametersAlongTheirGradientTellTheGradientOfEps, ()) {
  Options options;
  options.norm = *rc::gen::element(Norm::kUnit, Norm::kLayerNorm, Norm::kRmsNorm, Norm::kGroupNorm);
  options.groups = options.norm == Norm::kGroupNorm ? 2 : 1;
  options.width = *rc::gen::element(2, 4, 6);
  options.depth = *rc::gen::inRange(1, 4);
  options.affine = *rc::gen::arbitrary<bool>();
  options.activation = *rc::gen::element(Activation::kNone, Activation::kRelu);
  // Deeper, eps would move points over the kink of relu, where differences see no derivative.
  if (options.activation == Activation::kRelu) options.depth = 1;
  options.eps = *rc::gen::element(1e-2, 1e-1, 1.0);
  const Problem problem = RandomProblem(options);
  const ParameterLayout layout(problem.architecture);
  const ReferenceResult result = RunReference(problem), engine = RunEngine(problem);
  // All layers share one eps here: its derivative is the sum over the layers'.
  double along = 0.0, along_in_float = 0.0;
  for (std::size_t l = 0; l + 1 < problem.architecture.linears(); ++l) {
    along += Along(layout, problem, result, l);
    along_in_float += Along(layout, problem, engine, l);
  }
  Problem moved = problem;
  const Derivative slope = Differentiate(
      [&](double log_eps) {
        moved.architecture.options.eps = std::exp(log_eps);
        return RunReference(moved).loss;
      },
      std::log(options.eps));  // eps dL/deps
  const double expected = -2.0 * slope.value;
  RC_ASSERT(std::abs(along - expected) <= 1e-9 * (1.0 + std::abs(expected)) + 2.0 * slope.error);
  const double size = NormOf(problem.parameters) * NormOf(result.gradients);
  RC_ASSERT(std::abs(along_in_float - along) <= kFloatTolerance * size);
}

RC_GTEST_PROP(Identities, WithoutEpsEachLayersScaleIsFree, ()) {
  Options options;
  options.norm = *rc::gen::element(Norm::kUnit, Norm::kLayerNorm, Norm::kRmsNorm);
  options.width = *rc::gen::inRange(3, 8);
  options.depth = *rc::gen::inRange(1, 4);
  options.eps = 0.0;
  const Problem problem = RandomProblem(options);
  const ParameterLayout layout(problem.architecture);
  const ReferenceResult result = RunReference(problem);
  const double size = NormOf(problem.parameters) * NormOf(result.gradients);
  const double factor = *rc::gen::element(0.01, 3.0, 1000.0);
  for (std::size_t l = 0; l + 1 < problem.architecture.linears(); ++l) {
    RC_ASSERT(std::abs(Along(layout, problem, result, l)) <= 1e-11 * size);
    Problem scaled = problem;
    View(layout, scaled.parameters, TensorKind::kLinearWeight, l) *= factor;
    View(layout, scaled.parameters, TensorKind::kLinearBias, l) *= factor;
    RC_ASSERT(std::abs(RunReference(scaled).loss - result.loss) <= 1e-9 * (1.0 + result.loss));
  }
}

// The same for the two norms whose scale is another parameter: beta, and dyt's alpha.
RC_GTEST_PROP(Identities, ParametersAlongTheirGradientTellTheGradientOfBeta, ()) {
  Options options;
  options.norm = Norm::kDivisive;
  options.exponent = *rc::gen::element(2.0, 3.0);
  options.depth = 1;
  options.width = *rc::gen::inRange(1, 7);
  const Problem problem = RandomProblem(options);
  const ParameterLayout layout(problem.architecture);
  Problem moved = problem;
  const Derivative slope = Differentiate(
      [&](double log_beta) {
        moved.architecture.options.beta = std::exp(log_beta);
        return RunReference(moved).loss;
      },
      std::log(options.beta));
  const double along = Along(layout, problem, RunReference(problem), 0);
  RC_ASSERT(std::abs(along + slope.value) <= 1e-9 * (1.0 + std::abs(along)) + slope.error);
}

RC_GTEST_PROP(Identities, ParametersAlongTheirGradientTellTheGradientOfAlpha, ()) {
  Options options;
  options.norm = Norm::kDyT;
  options.depth = *rc::gen::inRange(1, 4);
  options.affine = *rc::gen::arbitrary<bool>();
  const Problem problem = RandomProblem(options);
  const ParameterLayout layout(problem.architecture);
  const ReferenceResult result = RunReference(problem);
  for (std::size_t l = 0; l + 1 < problem.architecture.linears(); ++l) {
    const std::size_t at = layout.Find(TensorKind::kNormAlpha, l)->offset;
    const double expected = problem.parameters[at] * result.gradients[at];
    RC_ASSERT(std::abs(Along(layout, problem, result, l) - expected) <=
              1e-11 * (1.0 + std::abs(expected)));
  }
}

// --- A circle is cut into at most 2^(d+1) arcs ---

// `points` equally spaced on the circle, half a step off an edge, in `sectors` alternating sectors.
void PutOnCircle(int points, int sectors, Problem& problem) {
  problem.batch.x.resize(2, points);
  problem.batch.labels.resize(static_cast<std::size_t>(points));
  for (int p = 0; p < points; ++p) {
    const double angle = 2.0 * std::numbers::pi * (p + 0.5) / points;
    problem.batch.x.col(p) << std::cos(angle), std::sin(angle);
    problem.batch.labels[static_cast<std::size_t>(p)] = (2 * p + 1) * sectors / (2 * points) % 2;
  }
}

double Accuracy(const Matrix& outputs, const std::vector<int>& labels) {
  int right = 0;
  for (Eigen::Index p = 0; p < outputs.cols(); ++p) {
    right += (outputs(1, p) > outputs(0, p)) == (labels[static_cast<std::size_t>(p)] == 1);
  }
  return static_cast<double>(right) / static_cast<double>(outputs.cols());
}

RC_GTEST_PROP(Identities, AccuracyOnSectorsIsBounded, ()) {
  Options options;
  options.width = 2;
  options.depth = *rc::gen::inRange(0, 4);
  const int sectors = *rc::gen::element(4, 8, 16, 32, 64);
  const auto seed = *rc::gen::inRange<std::uint64_t>(0, 1u << 30);
  const double scale = *rc::gen::element(0.5, 1.0, 3.0, 10.0);
  Problem problem = MakeProblem({options, 2, 2}, 1, ReferenceLoss::kCrossEntropy, seed, scale);
  PutOnCircle(6400, sectors, problem);
  const double bound = 0.5 + std::exp2(static_cast<double>(options.depth)) / sectors;
  RC_ASSERT(Accuracy(RunReference(problem).outputs, problem.batch.labels) <= bound + 1e-12);
  // In float a point within rounding of a boundary may fall on either side of it.
  RC_ASSERT(Accuracy(RunEngine(problem).outputs, problem.batch.labels) <= bound + 2.0 / 6400);
}

// One line cuts a circle into two arcs.
TEST(Identities, TheBoundOnSectorsIsReachedAtDepthZero) {
  Options options;
  options.width = 2;
  options.depth = 0;
  Problem problem = MakeProblem({options, 2, 2}, 1, ReferenceLoss::kCrossEntropy, 1);
  PutOnCircle(400, 2, problem);
  const ParameterLayout layout(problem.architecture);
  View(layout, problem.parameters, TensorKind::kLinearWeight, 0) << 0.0, 1.0, 0.0, -1.0;
  View(layout, problem.parameters, TensorKind::kLinearBias, 0).setZero();
  EXPECT_EQ(Accuracy(RunReference(problem).outputs, problem.batch.labels), 1.0);
}

// --- Rotations of a hidden layer ---

RC_GTEST_PROP(Identities, RotatingAHiddenLayerChangesNothing, ()) {
  Options options;
  options.norm = *rc::gen::element(Norm::kUnit, Norm::kRmsNorm, Norm::kNone);
  options.width = *rc::gen::inRange(2, 8);
  options.depth = *rc::gen::inRange(1, 4);
  options.eps = *rc::gen::element(1e-3, 1e-1);
  const Problem problem = RandomProblem(options);
  const ParameterLayout layout(problem.architecture);
  const auto l = static_cast<std::size_t>(*rc::gen::inRange<std::int64_t>(0, options.depth));
  const Matrix q = RandomRotation(options.width, *rc::gen::inRange<std::uint64_t>(0, 1000));
  const auto rotate = [&](std::vector<double>& buffer) {
    auto weight = View(layout, buffer, TensorKind::kLinearWeight, l);
    auto bias = View(layout, buffer, TensorKind::kLinearBias, l);
    auto next = View(layout, buffer, TensorKind::kLinearWeight, l + 1);
    weight = (q * weight).eval();
    bias = (bias * q.transpose()).eval();
    next = (next * q.transpose()).eval();
  };
  Problem rotated = problem;
  rotate(rotated.parameters);
  const ReferenceResult a = RunReference(problem), b = RunReference(rotated);
  RC_ASSERT((a.outputs - b.outputs).norm() <= 1e-10 * (1.0 + a.outputs.norm()));
  // Gradients rotate with the parameters.
  std::vector<double> turned = a.gradients;
  rotate(turned);
  RC_ASSERT(Distance(turned, b.gradients) <= 1e-9 * (1.0 + NormOf(turned)));
  const ReferenceResult engine = RunEngine(rotated);
  RC_ASSERT(std::abs(engine.loss - a.loss) <= kFloatTolerance * (1.0 + a.loss));
}

// --- Relations between norms ---

RC_GTEST_PROP(Identities, NormsReduceToOneAnother, ()) {
  const Eigen::Index n = *rc::gen::inRange<Eigen::Index>(1, 9);
  const RandomStream random(*rc::gen::inRange<std::uint64_t>(0, 1u << 30), Purpose::kData);
  Vector z(n);
  for (Eigen::Index i = 0; i < n; ++i) z[i] = random.Normal(static_cast<std::uint64_t>(i));
  const auto width = static_cast<double>(n);
  const auto norm = [&](Norm kind, double eps, std::int64_t groups = 1) {
    Options options;
    options.norm = kind;
    options.width = n;
    options.eps = eps;
    options.groups = groups;
    return ReferenceNorm(options, 0.0, z);
  };
  RC_ASSERT(
      (norm(Norm::kRmsNorm, 0.1) - std::sqrt(width) * norm(Norm::kUnit, 0.1 * width)).norm() <=
      1e-12);
  RC_ASSERT((norm(Norm::kGroupNorm, 0.1, 1) - norm(Norm::kLayerNorm, 0.1)).norm() <= 1e-12);
  RC_ASSERT(norm(Norm::kGroupNorm, 0.1, n).norm() == 0.0);  // one entry a group: its own mean
  RC_ASSERT(norm(Norm::kUnit, 0.1).norm() < 1.0);
  RC_ASSERT(norm(Norm::kDivisive, 0.0).lpNorm<1>() < 1.0);
}

}  // namespace
}  // namespace crease::model
