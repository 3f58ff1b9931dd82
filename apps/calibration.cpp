#include "apps/calibration.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <string>
#include <unordered_map>

#include "lib/core/stop.h"
#include "lib/train/config_keys.h"
#include "lib/train/cost.h"
#include "lib/train/trainer.h"

namespace crease::apps {
namespace {

struct Shape {
  const train::RunConfig* example;
  double step_flops;
  double step_seconds = 0;
  bool timed = false;
};

// What does not change the cost of a step is left out of the name.
std::string ShapeName(train::RunConfig config) {
  config.seed = 0;
  config.steps = 1;
  config.data.data_seed = 0;
  config.optim.lr = 1;
  config.optim.weight_decay = 0;
  config.model.eps = 1;
  return train::ToJson(config);
}

// Seconds a step, recording included: the real run, stopped after a while. Runs so short that they
// end first are repeated.
double TimeStep(const train::RunConfig& config, const data::Dataset& dataset,
                const train::RecordOptions& record, double seconds) {
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  const auto elapsed = [&] { return std::chrono::duration<double>(Clock::now() - begin).count(); };
  StopToken stop;
  std::int64_t steps = 0;
  double steps_seconds = 0;
  train::TrainControls controls;
  controls.stop = &stop;
  controls.on_progress = [&](std::int64_t done) {
    steps += done;
    steps_seconds = elapsed();
    if (steps_seconds > seconds) stop.Request();
  };
  while (!stop.requested()) {
    const auto run = train::Train(config, dataset, record, controls);
    if (run) steps_seconds = elapsed();
    if (elapsed() > seconds) break;
  }
  return steps > 0 ? steps_seconds / static_cast<double>(steps) : elapsed();
}

// The seconds per operation of the timed shape nearest in operations a step.
void FillUntimed(std::vector<Shape>& shapes) {
  for (Shape& shape : shapes) {
    if (shape.timed) continue;
    const auto distance = [&](const Shape& other) {
      return other.timed ? std::abs(std::log(other.step_flops / shape.step_flops)) : INFINITY;
    };
    const auto nearest =
        std::min_element(shapes.begin(), shapes.end(),
                         [&](const Shape& a, const Shape& b) { return distance(a) < distance(b); });
    shape.step_seconds = nearest->step_seconds * shape.step_flops / nearest->step_flops;
  }
}

}  // namespace

std::vector<double> EstimateSeconds(const std::vector<sweep::PlannedRun>& runs,
                                    const train::RecordOptions& record,
                                    sweep::DatasetCache& datasets,
                                    const CalibrationOptions& options) {
  std::unordered_map<std::string, std::size_t> index;
  std::vector<Shape> shapes;
  std::vector<std::size_t> shape_of;
  for (const auto& run : runs) {
    const auto [place, is_new] = index.try_emplace(ShapeName(run.config), shapes.size());
    if (is_new) {
      const auto dataset = datasets.Get(run.config.data);
      shapes.push_back({&run.config, std::max(1.0, train::StepFlops(run.config, *dataset))});
    }
    shape_of.push_back(place->second);
  }
  std::vector<std::size_t> by_size(shapes.size());
  for (std::size_t i = 0; i < by_size.size(); ++i) by_size[i] = i;
  std::stable_sort(by_size.begin(), by_size.end(), [&](std::size_t a, std::size_t b) {
    return shapes[a].step_flops < shapes[b].step_flops;
  });
  const auto most = static_cast<std::size_t>(options.total_seconds / options.shape_seconds_min);
  const std::size_t timed = std::min(shapes.size(), most);
  for (std::size_t i = 0; i < timed; ++i) {
    // Evenly over the sizes, the smallest and the largest among them.
    const std::size_t at = timed == 1 ? 0 : i * (shapes.size() - 1) / (timed - 1);
    Shape& shape = shapes[by_size[at]];
    const double seconds =
        std::min(options.shape_seconds, options.total_seconds / static_cast<double>(timed));
    shape.step_seconds =
        TimeStep(*shape.example, *datasets.Get(shape.example->data), record, seconds);
    shape.timed = true;
  }
  FillUntimed(shapes);
  std::vector<double> seconds;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    seconds.push_back(shapes[shape_of[i]].step_seconds * static_cast<double>(runs[i].config.steps));
  }
  return seconds;
}

}  // namespace crease::apps
