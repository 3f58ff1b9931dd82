#include "benchmarks/step/step_case.h"

#include <algorithm>
#include <cmath>

#include "lib/core/error.h"
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

double ErrorOf(const StepCase& step, const model::Architecture& architecture,
               const StepAnswer& answer) {
  const std::vector<double> exact(answer.parameters.begin(), answer.parameters.end());
  const auto result = model::ReferenceForwardBackward(architecture, exact, WholeSplit(step.dataset),
                                                      model::ReferenceLoss::kCrossEntropy);
  double whole = 0.0;
  for (const double gradient : result.gradients) whole += gradient * gradient;
  double worst = std::abs(answer.loss - result.loss) / result.loss;
  const model::ParameterLayout layout(architecture);
  for (const model::Tensor& tensor : layout.tensors()) {
    double error = 0.0, size = 1e-6 * whole;
    for (std::size_t i = tensor.offset; i < tensor.offset + tensor.size(); ++i) {
      const double difference = static_cast<double>(answer.gradients[i]) - result.gradients[i];
      error += difference * difference;
      size += result.gradients[i] * result.gradients[i];
    }
    const double relative = std::sqrt(error / size);
    if (!(relative <= worst)) worst = relative;
  }
  return worst;
}

}  // namespace crease::benchmarks
