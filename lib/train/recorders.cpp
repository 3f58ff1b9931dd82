#include "lib/train/recorders.h"

#include <algorithm>
#include <utility>

#include "lib/model/parameters.h"
#include "lib/train/activation_recorder.h"
#include "lib/train/evaluate.h"
#include "lib/train/scalar_recorder.h"
#include "lib/train/schedule.h"
#include "lib/train/tensor_recorder.h"

namespace crease::train {
namespace {

constexpr double kAutoWeightBytes = 8.0 * 1024 * 1024;

struct Schedules {
  std::vector<std::int64_t> scalars, weights, gradients, activations;
  std::size_t activation_points = 0;
};

Schedules SchedulesOf(const RunConfig& config, const data::Dataset& dataset,
                      const RecordOptions& record) {
  const model::ParameterLayout layout(ArchitectureOf(config, dataset));
  const double bytes_per_step = static_cast<double>(layout.count() * sizeof(float));
  const double auto_stride =
      bytes_per_step * static_cast<double>(config.steps + 1) / kAutoWeightBytes;
  Schedules schedules;
  schedules.scalars = RecordedSteps(record.scalars, config.steps - 1, 1);
  schedules.weights = RecordedSteps(record.weights, config.steps, auto_stride);
  schedules.gradients = RecordedSteps(record.gradients, config.steps - 1, auto_stride);
  schedules.activations = RecordedSteps(record.activations, config.steps - 1, 100);
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
  return probes;
}

std::uint64_t RecorderBytes(const RunConfig& config, const data::Dataset& dataset,
                            const RecordOptions& record) {
  const Schedules schedules = SchedulesOf(config, dataset, record);
  const model::Architecture architecture = ArchitectureOf(config, dataset);
  const std::size_t parameters = model::ParameterLayout(architecture).count();
  const bool tested = dataset.test.points > 0 && record.test.form != StepSchedule::Form::kOff;
  const std::size_t curves = (dataset.regression ? 1u : 2u) * (tested ? 2u : 1u);
  std::size_t units = 0;
  for (std::size_t l = 0; l < architecture.linears(); ++l) {
    units += architecture.fan_out(l) * (l + 1 == architecture.linears() ? 1 : 2);
  }
  const std::uint64_t floats =
      schedules.scalars.size() * (curves + 3 * architecture.linears()) +
      (schedules.weights.size() + schedules.gradients.size()) * parameters +
      schedules.activations.size() * schedules.activation_points * units;
  return floats * sizeof(float);
}

}  // namespace crease::train
