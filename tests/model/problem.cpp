#include "tests/model/problem.h"

#include <cmath>
#include <cstddef>

#include "lib/core/random.h"
#include "lib/kernels/layout.h"
#include "lib/kernels/loss.h"
#include "lib/model/network.h"

namespace crease::model {
namespace {

using kernels::OffsetOf;

Matrix RandomMatrix(const RandomStream& random, std::size_t rows, int columns) {
  Matrix m(static_cast<Eigen::Index>(rows), columns);
  for (Eigen::Index i = 0; i < m.size(); ++i) {
    m.data()[i] =
        static_cast<double>(static_cast<float>(random.Normal(static_cast<std::uint64_t>(i))));
  }
  return m;
}

// (features, points) to groups of 16; lanes beyond the last point repeat it.
AlignedVector<float> Pack(const Matrix& from) {
  const auto features = static_cast<std::size_t>(from.rows());
  const auto points = static_cast<std::size_t>(from.cols());
  AlignedVector<float> to(PadToLanes(points) * features);
  for (std::size_t p = 0; p < PadToLanes(points); ++p) {
    for (std::size_t f = 0; f < features; ++f) {
      to[OffsetOf(p, f, features)] = static_cast<float>(from(
          static_cast<Eigen::Index>(f), static_cast<Eigen::Index>(p < points ? p : points - 1)));
    }
  }
  return to;
}

Matrix Unpack(const float* from, std::size_t features, Eigen::Index points) {
  Matrix to(static_cast<Eigen::Index>(features), points);
  for (Eigen::Index p = 0; p < points; ++p) {
    for (std::size_t f = 0; f < features; ++f) {
      to(static_cast<Eigen::Index>(f), p) =
          static_cast<double>(from[OffsetOf(static_cast<std::size_t>(p), f, features)]);
    }
  }
  return to;
}

}  // namespace

Problem MakeProblem(const Architecture& architecture, int points, ReferenceLoss loss,
                    std::uint64_t seed, double scale) {
  Problem problem = {architecture, {}, {}, loss};
  const ParameterLayout layout(architecture);
  problem.parameters.assign(layout.size(), 0.0);
  const RandomStream random(seed, Purpose::kParameters);
  for (const Tensor& tensor : layout.tensors()) {
    for (std::size_t i = tensor.offset; i < tensor.offset + tensor.size(); ++i) {
      double value = scale * random.Normal(i);
      if (tensor.kind == TensorKind::kNormWeight) value += 1.0;
      if (tensor.kind == TensorKind::kNormAlpha) value = architecture.options.alpha + 0.1 * value;
      problem.parameters[i] = static_cast<double>(static_cast<float>(value));
    }
  }
  problem.batch.x = RandomMatrix({seed, Purpose::kData}, architecture.inputs, points);
  problem.batch.targets = RandomMatrix({seed, Purpose::kNoise}, architecture.outputs, points);
  const RandomStream labels(seed, Purpose::kLabels);
  for (int p = 0; p < points; ++p) {
    problem.batch.labels.push_back(
        static_cast<int>(labels.Below(static_cast<std::uint64_t>(p), architecture.outputs)));
  }
  problem.batch.supervised = 1 + static_cast<int>(labels.Below(1u << 20, architecture.outputs));
  return problem;
}

ReferenceResult RunReference(const Problem& problem) {
  return ReferenceForwardBackward(problem.architecture, problem.parameters, problem.batch,
                                  problem.loss);
}

ReferenceResult RunEngine(const Problem& problem) {
  const Eigen::Index points = problem.batch.x.cols();
  const auto count = static_cast<std::size_t>(points);
  Network network(problem.architecture, count);
  AlignedVector<float> parameters(problem.parameters.size()), gradients(parameters.size());
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    parameters[i] = static_cast<float>(problem.parameters[i]);
  }
  const AlignedVector<float> x = Pack(problem.batch.x);
  const float* outputs = network.Forward(parameters, x.data(), count);
  ReferenceResult result;
  result.outputs = Unpack(outputs, problem.architecture.outputs, points);
  for (std::size_t l = 0; l < problem.architecture.linears(); ++l) {
    const std::size_t features = problem.architecture.fan_out(l);
    result.linear_outputs.push_back(Unpack(network.linear_output(l), features, points));
    if (l + 1 == problem.architecture.linears()) break;
    result.norm_outputs.push_back(Unpack(network.norm_output(l), features, points));
  }
  const AlignedVector<float> targets = Pack(problem.batch.targets);
  AlignedVector<std::int32_t> labels(PadToLanes(count), -1);
  for (std::size_t p = 0; p < count; ++p) labels[p] = problem.batch.labels[p];
  Objective objective;
  objective.cross_entropy = problem.loss == ReferenceLoss::kCrossEntropy;
  objective.shape = {problem.architecture.outputs,
                     static_cast<std::size_t>(problem.batch.supervised), count};
  objective.labels = labels.data();
  objective.targets = targets.data();
  result.loss = network.ForwardBackward(parameters, x.data(), objective, gradients).loss;
  result.gradients.assign(gradients.begin(), gradients.end());
  return result;
}

std::vector<double> PartOf(const Tensor& tensor, const std::vector<double>& buffer) {
  const auto begin = buffer.begin() + static_cast<std::ptrdiff_t>(tensor.offset);
  return {begin, begin + static_cast<std::ptrdiff_t>(tensor.size())};
}

double NormOf(const std::vector<double>& values) {
  double sum = 0.0;
  for (const double value : values) sum += value * value;
  return std::sqrt(sum);
}

double Distance(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return std::sqrt(sum);
}

}  // namespace crease::model
