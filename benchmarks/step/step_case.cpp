#include "benchmarks/step/step_case.h"

#include <algorithm>
#include <cmath>

#include "lib/core/error.h"
#include "lib/core/random.h"
#include "lib/model/reference.h"

namespace crease::benchmarks {
namespace {

model::Norm NormOf(const std::string& name) {
  if (name == "unit") return model::Norm::kUnit;
  if (name.starts_with("layernorm")) return model::Norm::kLayerNorm;
  if (name == "rmsnorm") return model::Norm::kRmsNorm;
  if (name == "groupnorm") return model::Norm::kGroupNorm;
  if (name == "divisive") return model::Norm::kDivisive;
  if (name == "dyt") return model::Norm::kDyT;
  if (name == "none") return model::Norm::kNone;
  throw InputError("norm", "there is no norm \"" + name + "\"");
}

// The first `points` points alone.
void Shorten(std::size_t points, data::Dataset& dataset) {
  data::Split& split = dataset.train;
  split.points = points;
  split.x.resize(points * dataset.inputs);
  split.labels.resize(points);
}

model::ReferenceBatch WholeSplit(const data::Dataset& dataset) {
  model::ReferenceBatch batch;
  batch.x.resize(static_cast<Eigen::Index>(dataset.inputs),
                 static_cast<Eigen::Index>(dataset.train.points));
  for (Eigen::Index p = 0; p < batch.x.cols(); ++p) {
    for (Eigen::Index i = 0; i < batch.x.rows(); ++i) {
      const auto at = static_cast<std::size_t>(p * batch.x.rows() + i);
      batch.x(i, p) = static_cast<double>(dataset.train.x[at]);
    }
    batch.labels.push_back(dataset.train.labels[static_cast<std::size_t>(p)]);
  }
  return batch;
}

constexpr double kHalfUlp = 0x1p-24;
// What a few roundings in a row make at most: twice the 4 that the table's cases measure.
constexpr double kRoundings = 8.0;
constexpr std::uint64_t kMoves = 4;

// A sum of n products with moved factors is moved by half an ulp of sqrt(n) of them; taken in
// float, one after the other, its n partial sums are rounded, too: sqrt(n / 2) as much.
double Roundings(const model::Architecture& architecture) {
  std::size_t longest = 0;
  for (std::size_t l = 0; l < architecture.linears(); ++l) {
    longest = std::max(longest, architecture.fan_in(l));
  }
  return kRoundings * std::sqrt(1.0 + 0.5 * static_cast<double>(longest));
}

double Factor(const RandomStream& random, std::size_t i) {
  return 1.0 + kHalfUlp * (2.0 * random.Uniform(i) - 1.0);
}

std::vector<double> Moved(std::vector<double> parameters, std::uint64_t seed) {
  const RandomStream random(seed, Purpose::kParameters);
  for (std::size_t i = 0; i < parameters.size(); ++i) parameters[i] *= Factor(random, i);
  return parameters;
}

model::ReferenceBatch Moved(model::ReferenceBatch batch, std::uint64_t seed) {
  const RandomStream random(seed, Purpose::kData);
  for (Eigen::Index i = 0; i < batch.x.size(); ++i) {
    batch.x.data()[i] *= Factor(random, static_cast<std::size_t>(i));
  }
  return batch;
}

model::ReferenceResult Reference(const model::Architecture& architecture,
                                 const std::vector<double>& parameters,
                                 const model::ReferenceBatch& batch) {
  return model::ReferenceForwardBackward(architecture, parameters, batch,
                                         model::ReferenceLoss::kCrossEntropy);
}

// Euclidean, over entries first ... last - 1.
double Distance(std::span<const double> a, std::span<const double> b, std::size_t first,
                std::size_t last) {
  double sum = 0.0;
  for (std::size_t i = first; i < last; ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return std::sqrt(sum);
}

double Size(std::span<const double> a, std::size_t first, std::size_t last) {
  double sum = 0.0;
  for (std::size_t i = first; i < last; ++i) sum += a[i] * a[i];
  return std::sqrt(sum);
}

}  // namespace

StepCase::StepCase(const StepShape& shape) {
  config.model.norm = NormOf(shape.norm);
  config.model.affine = shape.norm == "layernorm_affine";
  config.model.width = shape.width;
  config.model.depth = shape.depth;
  if (config.model.norm == model::Norm::kGroupNorm && shape.width % 4 == 0) config.model.groups = 2;
  config.optim.optimizer =
      shape.optimizer == "sgd" ? optim::Optimizer::kSgd : optim::Optimizer::kAdam;
  config.steps = std::int64_t{1} << 40;
  config.data.points = std::max<std::int64_t>(shape.points, 2);
  config.data = data::WithTaskDefaults(config.data);
  dataset = data::Load(config.data);
  Shorten(static_cast<std::size_t>(shape.points), dataset);
}

StepError ErrorOf(const StepCase& step, const model::Architecture& architecture,
                  const StepAnswer& answer) {
  const std::vector<double> exact(answer.parameters.begin(), answer.parameters.end());
  const model::ReferenceBatch batch = WholeSplit(step.dataset);
  const model::ReferenceResult result = Reference(architecture, exact, batch);
  std::vector<model::ReferenceResult> moved;
  for (std::uint64_t k = 0; k < kMoves; ++k) {
    moved.push_back(Reference(architecture, Moved(exact, k), Moved(batch, k)));
  }
  const double roundings = Roundings(architecture);
  StepError worst;
  const auto take = [&](double error, double size, double movement) {
    const double of_bound = error / (roundings * (movement + kHalfUlp * size));
    if (!(error / size <= worst.relative)) worst.relative = error / size;
    if (!(of_bound <= worst.of_bound)) worst.of_bound = of_bound;
  };
  double loss_movement = 0.0;
  for (const auto& other : moved) {
    loss_movement = std::max(loss_movement, std::abs(other.loss - result.loss));
  }
  take(std::abs(answer.loss - result.loss), result.loss, loss_movement);
  const std::vector<double> gradients(answer.gradients.begin(), answer.gradients.end());
  const double whole = Size(result.gradients, 0, result.gradients.size());
  const model::ParameterLayout layout(architecture);
  for (const model::Tensor& tensor : layout.tensors()) {
    const std::size_t first = tensor.offset, last = tensor.offset + tensor.size();
    double movement = 0.0;
    for (const auto& other : moved) {
      movement = std::max(movement, Distance(other.gradients, result.gradients, first, last));
    }
    const double size = Size(result.gradients, first, last);
    take(Distance(gradients, result.gradients, first, last), std::hypot(size, 1e-3 * whole),
         movement);
  }
  return worst;
}

}  // namespace crease::benchmarks
