#include "tests/train/tiny_runs.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <stdexcept>

#include "lib/model/parameters.h"
#include "lib/train/evaluate.h"
#include "lib/train/trainer.h"

namespace crease::train {

RunConfig TinyConfig() {
  RunConfig config;
  config.data.points = 90;
  config.optim.lr = 0.02;
  config.steps = 200;
  config.seed = 1;
  return config;
}

RecordOptions NothingRecorded() {
  RecordOptions record;
  record.scalars = record.weights = record.activations = StepSchedule::Off();
  record.gradients = record.test = StepSchedule::Off();
  record.bursts = false;
  record.checkpoint_every_steps = 0;
  return record;
}

RecordOptions EverythingRecorded() {
  RecordOptions record;
  record.scalars = record.weights = record.activations = StepSchedule::Every(1);
  record.gradients = record.test = StepSchedule::Every(1);
  record.activation_points = record.burst_points = 0;
  return record;
}

RunRecord TrainTiny(const RunConfig& config, const RecordOptions& record) {
  const data::Dataset dataset = data::Load(config.data);
  auto result = Train(config, dataset, record);
  assert(result.has_value());
  return std::move(*result);
}

const RecordedArray* FindArray(const RunRecord& record, const std::string& group,
                               const std::string& name) {
  const auto found = std::find_if(record.arrays.begin(), record.arrays.end(), [&](const auto& a) {
    return a.group == group && a.name == name;
  });
  return found == record.arrays.end() ? nullptr : &*found;
}

const RecordedArray& ArrayOf(const RunRecord& record, const std::string& group,
                             const std::string& name) {
  const RecordedArray* array = FindArray(record, group, name);
  if (array == nullptr) throw std::out_of_range("no array " + group + "/" + name);
  return *array;
}

const std::vector<std::int64_t>& AxisOf(const RunRecord& record, const std::string& group,
                                        const std::string& name) {
  for (const RecordedAxis& axis : record.axes) {
    if (axis.group == group && axis.name == name) return axis.values;
  }
  throw std::out_of_range("no axis " + group + "/" + name);
}

std::vector<float> ParametersOf(const RunRecord& record, const data::Dataset& dataset,
                                const std::string& group, std::size_t row) {
  const model::ParameterLayout layout(ArchitectureOf(record.config, dataset));
  std::vector<float> parameters(layout.size());
  for (const model::Tensor& tensor : layout.tensors()) {
    const RecordedArray& array = ArrayOf(record, group, tensor.name);
    std::copy_n(array.values.data() + row * tensor.size(), tensor.size(),
                parameters.data() + tensor.offset);
  }
  return parameters;
}

bool SameArrays(const RunRecord& a, const RunRecord& b) {
  if (a.arrays.size() != b.arrays.size()) return false;
  for (std::size_t k = 0; k < a.arrays.size(); ++k) {
    if (a.arrays[k].name != b.arrays[k].name || a.arrays[k].shape != b.arrays[k].shape ||
        !std::equal(a.arrays[k].values.begin(), a.arrays[k].values.end(),
                    b.arrays[k].values.begin(), b.arrays[k].values.end(),
                    [](float x, float y) { return x == y || (std::isnan(x) && std::isnan(y)); })) {
      return false;
    }
  }
  return true;
}

}  // namespace crease::train
