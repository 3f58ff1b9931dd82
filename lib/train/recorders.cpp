#include "lib/train/recorders.h"

#include <algorithm>
#include <utility>

#include "lib/model/parameters.h"
#include "lib/train/activation_recorder.h"
#include "lib/train/evaluate.h"
#include "lib/train/scalar_recorder.h"
#include "lib/train/schedule.h"
#include "lib/train/state_recorder.h"
#include "lib/train/tensor_recorder.h"

namespace crease::train {
namespace {

constexpr double kAutoWeightBytes = 8.0 * 1024 * 1024;

constexpr std::uint64_t kStateBytes = 8u << 20;

struct Schedules {
  std::vector<std::int64_t> scalars, weights, gradients, activations, states;
  std::size_t activation_points = 0;
};

double AutoStride(const RunConfig& config, const model::ParameterLayout& layout) {
  return static_cast<double>(layout.count() * sizeof(float)) *
         static_cast<double>(config.steps + 1) / kAutoWeightBytes;
}

// Multiples of the checkpoints' stride, as few of them as fit; not step 0, which the seed gives.
std::vector<std::int64_t> StateSteps(const RunConfig& config, const RecordOptions& record,
                                     const model::ParameterLayout& layout) {
  const std::int64_t every = record.checkpoint_every_steps;
  const auto most =
      static_cast<std::int64_t>(kStateBytes / (sizeof(float) * StateSize(config.optim, layout)));
  if (every == 0 || most == 0) return {};
  const std::int64_t count = (config.steps - 1) / every;
  const std::int64_t stride = every * std::max<std::int64_t>(1, (count + most - 1) / most);
  std::vector<std::int64_t> steps;
  for (std::int64_t step = stride; step < config.steps; step += stride) steps.push_back(step);
  return steps;
}

Schedules SchedulesOf(const RunConfig& config, const data::Dataset& dataset,
                      const RecordOptions& record) {
  const model::ParameterLayout layout(ArchitectureOf(config, dataset));
  const double auto_stride = AutoStride(config, layout);
  Schedules schedules;
  schedules.scalars = RecordedSteps(record.scalars, config.steps - 1, 1);
  schedules.weights = RecordedSteps(record.weights, config.steps, auto_stride);
  schedules.gradients = RecordedSteps(record.gradients, config.steps - 1, auto_stride);
  schedules.activations = RecordedSteps(record.activations, config.steps - 1, 100);
  schedules.states = StateSteps(config, record, layout);
  schedules.activation_points =
      record.activation_points == 0
          ? dataset.train.points
          : std::min(static_cast<std::size_t>(record.activation_points), dataset.train.points);
  return schedules;
}

}  // namespace

std::vector<std::unique_ptr<Probe>> MakeRecorders(const RunConfig& config,
                                                  const data::Dataset& dataset,
                                                  const RecordOptions& record) {
  Schedules schedules = SchedulesOf(config, dataset, record);
  const model::ParameterLayout layout(ArchitectureOf(config, dataset));
  std::vector<std::unique_ptr<Probe>> probes;
  if (!schedules.scalars.empty()) {
    probes.push_back(MakeScalarRecorder(config, dataset, record));
  }
  if (!schedules.weights.empty()) {
    probes.push_back(MakeTensorRecorder(false, layout, std::move(schedules.weights)));
  }
  if (!schedules.gradients.empty()) {
    probes.push_back(MakeTensorRecorder(true, layout, std::move(schedules.gradients)));
  }
  if (!schedules.activations.empty()) {
    probes.push_back(MakeActivationRecorder(config, dataset, schedules.activation_points,
                                            std::move(schedules.activations)));
  }
  if (!schedules.states.empty()) {
    probes.push_back(MakeStateRecorder(config.optim, layout, std::move(schedules.states)));
  }
  return probes;
}

std::uint64_t RecorderBytes(const RunConfig& config, const data::Dataset& dataset,
                            const RecordOptions& record) {
  const Schedules schedules = SchedulesOf(config, dataset, record);
  const model::Architecture architecture = ArchitectureOf(config, dataset);
  const model::ParameterLayout layout(architecture);
  const bool tested = dataset.test.points > 0 && record.test.form != StepSchedule::Form::kOff;
  const std::size_t curves = (dataset.regression ? 1u : 2u) * (tested ? 2u : 1u);
  const std::uint64_t floats =
      schedules.scalars.size() * (curves + 3 * architecture.linears()) +
      (schedules.weights.size() + schedules.gradients.size()) * layout.count() +
      schedules.activations.size() * schedules.activation_points * ActivationUnits(architecture);
  return sizeof(float) * (floats + schedules.states.size() * StateSize(config.optim, layout));
}

bool RecordsEveryWeight(const RunConfig& config, const data::Dataset& dataset,
                        const RecordOptions& record) {
  const StepSchedule& weights = record.weights;
  if (weights.from > 0 || weights.to < config.steps - 1) return false;
  if (weights.form == StepSchedule::Form::kEvery) return weights.every == 1;
  return weights.form == StepSchedule::Form::kAuto &&
         AutoStride(config, model::ParameterLayout(ArchitectureOf(config, dataset))) <= 1;
}

std::size_t ActivationUnits(const model::Architecture& architecture) {
  std::size_t units = 0;
  for (std::size_t l = 0; l < architecture.linears(); ++l) {
    units += architecture.fan_out(l) * (l + 1 == architecture.linears() ? 1 : 2);
  }
  return units;
}

}  // namespace crease::train
