#include "lib/train/bursts.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <utility>

#include "lib/model/parameters.h"
#include "lib/train/activation_recorder.h"
#include "lib/train/evaluate.h"
#include "lib/train/recorders.h"
#include "lib/train/state_recorder.h"
#include "lib/train/tensor_recorder.h"
#include "lib/train/training.h"

namespace crease::train {
namespace {

constexpr std::uint64_t kStateBytes = 16u << 20;
constexpr std::uint64_t kBurstBytes = 64u << 20;
constexpr std::int64_t kLeastStride = 100, kMostStates = 256;

using Probes = std::vector<std::unique_ptr<Probe>>;

Probes MakeCapture(const RunConfig& config, const data::Dataset& dataset, std::size_t points,
                   const std::vector<std::int64_t>& steps) {
  Probes probes;
  const model::ParameterLayout layout(ArchitectureOf(config, dataset));
  probes.push_back(MakeTensorRecorder(false, layout, steps));
  probes.push_back(MakeActivationRecorder(config, dataset, points, steps));
  return probes;
}

std::size_t RowBytes(const RunConfig& config, const data::Dataset& dataset, std::size_t points) {
  const model::Architecture architecture = ArchitectureOf(config, dataset);
  return sizeof(float) *
         (model::ParameterLayout(architecture).count() + points * ActivationUnits(architecture));
}

// The weights of a run whose every step's are recorded.
class RecordedWeights {
 public:
  RecordedWeights(const model::ParameterLayout& layout, const RunRecord& run)
      : layout_(layout), parameters_(layout.size()) {
    for (const RecordedArray& array : run.arrays) {
      if (array.group == "weights") arrays_.push_back(&array);
    }
  }

  std::span<const float> At(std::int64_t step) {
    for (std::size_t k = 0; k < arrays_.size(); ++k) {
      const model::Tensor& tensor = layout_.tensors()[k];
      std::copy_n(arrays_[k]->values.data() + static_cast<std::size_t>(step) * tensor.size(),
                  tensor.size(), parameters_.data() + tensor.offset);
    }
    return parameters_;
  }

 private:
  const model::ParameterLayout& layout_;
  std::vector<const RecordedArray*> arrays_;  // in the order of the tensors
  AlignedVector<float> parameters_;
};

void CaptureFromWeights(const RunRecord& run, const data::Dataset& dataset,
                        const std::vector<std::int64_t>& steps, const Probes& probes) {
  const model::ParameterLayout layout(ArchitectureOf(run.config, dataset));
  RecordedWeights weights(layout, run);
  for (const std::int64_t step : steps) {
    StepView view;
    view.step = step;
    view.parameters = weights.At(step);
    for (const auto& probe : probes) probe->BeforeUpdate(view);
  }
}

// The recorded arrays, filled by training again what lies between a state and the steps.
void CaptureByTraining(const RunRecord& run, const data::Dataset& dataset,
                       const std::vector<std::int64_t>& steps, const StateHistory* states,
                       Probes probes, RunRecord& captured) {
  Training training(run.config, dataset, std::move(probes));
  std::int64_t next = 0;
  for (const std::int64_t step : steps) {
    const auto state = states == nullptr ? std::nullopt : states->Nearest(step);
    if (state && state->step > next) {
      training.Start(*state);
      next = state->step;
    }
    while (next <= step) {
      if (!training.Step(next++)) break;
    }
  }
  training.Report(captured);
}

}  // namespace

StateHistory::StateHistory(std::int64_t stride, std::int64_t steps, std::size_t size)
    : stride_(stride), size_(size) {
  states_.reserve(static_cast<std::size_t>(steps / stride) * size);
}

std::optional<Snapshot> StateHistory::Nearest(std::int64_t step) const {
  const auto kept = static_cast<std::int64_t>(states_.size() / size_);
  const std::int64_t number = std::min(step / stride_, kept);
  if (number < 1) return std::nullopt;
  const float* parameters = states_.data() + static_cast<std::size_t>(number - 1) * size_;
  const float* first_moment = parameters + parameters_;
  const float* second_moment = first_moment + first_moment_;
  return Snapshot{number * stride_,
                  {parameters, first_moment},
                  {first_moment, second_moment},
                  {second_moment, parameters + size_}};
}

void StateHistory::BeforeUpdate(const StepView& view) {
  if (view.step == 0 || view.step % stride_ != 0) return;
  parameters_ = view.parameters.size();
  first_moment_ = view.first_moment.size();
  for (const auto& part : {view.parameters, view.first_moment, view.second_moment}) {
    states_.insert(states_.end(), part.begin(), part.end());
  }
}

void StateHistory::Save(StateWriter& state) {
  state.Put(static_cast<std::uint64_t>(parameters_));
  state.Put(static_cast<std::uint64_t>(first_moment_));
  state.PutAll(std::span<const float>(states_).subspan(saved_));
  saved_ = states_.size();
}

void StateHistory::Restore(StateReader& state) {
  std::uint64_t parameters = 0, first_moment = 0;
  state.Get(parameters);
  state.Get(first_moment);
  state.GetMore(states_);
  if (states_.size() % size_ != 0 || parameters + first_moment > size_) return state.Refuse();
  parameters_ = parameters;
  first_moment_ = first_moment;
  saved_ = states_.size();
}

std::unique_ptr<StateHistory> MakeStateHistory(const RunConfig& config,
                                               const data::Dataset& dataset,
                                               const RecordOptions& record) {
  if (!record.bursts || RecordsEveryWeight(config, dataset, record)) return nullptr;
  const std::size_t size =
      StateSize(config.optim, model::ParameterLayout(ArchitectureOf(config, dataset)));
  const auto fitting = static_cast<std::int64_t>(kStateBytes / (size * sizeof(float)));
  const std::int64_t states = std::min(kMostStates, fitting);
  if (states < 2) return nullptr;
  return std::make_unique<StateHistory>(std::max(kLeastStride, config.steps / states + 1),
                                        config.steps, size);
}

std::size_t BurstPoints(const RunConfig& config, const data::Dataset& dataset,
                        const RecordOptions& record) {
  const auto window =
      static_cast<std::uint64_t>(record.burst_before_steps + record.burst_after_steps + 1);
  const std::uint64_t point_bytes = sizeof(float) *
                                    ActivationUnits(ArchitectureOf(config, dataset)) *
                                    std::min(window, static_cast<std::uint64_t>(config.steps));
  std::uint64_t points = dataset.train.points;
  if (record.burst_points > 0) {
    points = std::min(points, static_cast<std::uint64_t>(record.burst_points));
  }
  return std::max<std::uint64_t>(1, std::min(points, kBurstBytes / point_bytes));
}

BurstTable BurstSteps(const RunRecord& run, const RecordOptions& record, std::size_t most_rows) {
  std::vector<std::size_t> by_drop(run.transitions.size());
  std::iota(by_drop.begin(), by_drop.end(), std::size_t{0});
  std::stable_sort(by_drop.begin(), by_drop.end(), [&](std::size_t a, std::size_t b) {
    return run.transitions[a].drop_nats > run.transitions[b].drop_nats;
  });
  by_drop.resize(
      std::min({by_drop.size(), kMostBurstWindows / 3, std::max<std::size_t>(1, most_rows / 3)}));
  std::int64_t before = record.burst_before_steps, after = record.burst_after_steps;
  const double rows =
      3.0 * static_cast<double>(by_drop.size()) * static_cast<double>(before + after + 1);
  if (rows > static_cast<double>(most_rows)) {
    const double share = static_cast<double>(most_rows) / rows;
    before = static_cast<std::int64_t>(static_cast<double>(before) * share);
    after = static_cast<std::int64_t>(static_cast<double>(after) * share);
  }
  std::sort(by_drop.begin(), by_drop.end());
  std::set<std::int64_t> steps;
  std::vector<std::int64_t> begins;  // of the chosen transitions' first windows
  for (const std::size_t index : by_drop) {
    const detect::Transition& transition = run.transitions[index];
    begins.push_back(std::llround(transition.onset_step) - before);
    for (const double date :
         {transition.onset_step, transition.midpoint_step, transition.end_step}) {
      const std::int64_t middle = std::llround(date);
      const std::int64_t first = std::max<std::int64_t>(0, middle - before);
      const std::int64_t last = std::min(run.steps_done - 1, middle + after);
      for (std::int64_t step = first; step <= last; ++step) steps.insert(step);
    }
  }
  // Where windows overlap, a step is the later transition's.
  BurstTable table;
  std::size_t next = 0;
  for (const std::int64_t step : steps) {
    while (next < begins.size() && begins[next] <= step) ++next;
    table.step.push_back(step);
    table.transition.push_back(
        static_cast<std::int64_t>(by_drop[std::max<std::size_t>(next, 1) - 1]));
  }
  return table;
}

std::uint64_t BurstBytes(const RunConfig& config, const data::Dataset& dataset,
                         const RecordOptions& record) {
  if (!record.bursts) return 0;
  const auto window =
      static_cast<std::uint64_t>(record.burst_before_steps + record.burst_after_steps + 1);
  const std::uint64_t row_bytes = RowBytes(config, dataset, BurstPoints(config, dataset, record));
  return std::min({3 * window, static_cast<std::uint64_t>(config.steps),
                   std::max<std::uint64_t>(3, kBurstBytes / row_bytes)}) *
         row_bytes;
}

void CaptureBursts(const data::Dataset& dataset, const RecordOptions& options,
                   const StateHistory* states, RunRecord& run) {
  if (run.transitions.empty()) return;
  const model::Architecture architecture = ArchitectureOf(run.config, dataset);
  const std::size_t points = BurstPoints(run.config, dataset, options);
  const std::size_t row_bytes = sizeof(float) * (model::ParameterLayout(architecture).count() +
                                                 points * ActivationUnits(architecture));
  run.bursts = BurstSteps(run, options, std::max<std::size_t>(1, kBurstBytes / row_bytes));
  const std::vector<std::int64_t>& steps = run.bursts.step;
  if (steps.empty()) return;
  Probes probes = MakeCapture(run.config, dataset, points, steps);
  RunRecord captured;
  if (RecordsEveryWeight(run.config, dataset, options)) {
    CaptureFromWeights(run, dataset, steps, probes);
    for (const auto& probe : probes) probe->Report(captured);
  } else {
    CaptureByTraining(run, dataset, steps, states, std::move(probes), captured);
  }
  run.bursts.arrays = std::move(captured.arrays);
  for (RecordedArray& array : run.bursts.arrays) {
    array.group = "bursts";
    array.dimensions[0] = "row";
  }
}

}  // namespace crease::train
