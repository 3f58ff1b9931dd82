#include "lib/store/columns.h"

#include <array>
#include <cassert>

namespace crease::store {
namespace {

using detect::Transition;
using train::RunRecord;

constexpr std::array kTransitionColumns{
    TransitionColumn{"onset_step", &Transition::onset_step,
                     "decay rate rises through a third of its peak", "step"},
    TransitionColumn{"midpoint_step", &Transition::midpoint_step, "half of the drop is done",
                     "step"},
    TransitionColumn{"end_step", &Transition::end_step,
                     "decay rate falls through a third of its peak, or end of the curve", "step"},
    TransitionColumn{"width_steps", &Transition::width_steps, "end - onset", "step"},
    TransitionColumn{"loss_before", &Transition::loss_before, "mean loss at the onset", "nats"},
    TransitionColumn{"loss_after", &Transition::loss_after, "mean loss at the end", "nats"},
    TransitionColumn{"drop_nats", &Transition::drop_nats, "ln(loss_before / loss_after)", "1"},
    TransitionColumn{"sharpness", &Transition::sharpness, "maximum of -d ln loss / d ln step", "1"},
    TransitionColumn{"peak_rate", &Transition::peak_rate, "maximum of the decay rate of ln loss",
                     "1/step"},
    TransitionColumn{"plateau_steps", &Transition::plateau_steps,
                     "length of the plateau before the onset", "step"},
    TransitionColumn{"plateau_loss", &Transition::plateau_loss, "mean loss on the plateau", "nats"},
    TransitionColumn{"z_score", &Transition::z_score,
                     "root of the likelihood ratio to the best log-convex curve", "1"},
    TransitionColumn{"p_value", &Transition::p_value,
                     "share of log-convex curves that would show as much", "1"},
    TransitionColumn{"open", &Transition::open, "the curve ends before the decay rate falls", ""},
    TransitionColumn{"overlap", &Transition::overlap,
                     "shares its plateau or its end with a neighbour", ""},
    TransitionColumn{"schedule", &Transition::schedule,
                     "learning rate, batch or data change nearby", ""},
};

std::string OutcomeName(train::Outcome outcome) {
  switch (outcome) {
    case train::Outcome::kCompleted:
      return "completed";
    case train::Outcome::kDiverged:
      return "diverged";
  }
  assert(false);
  return "";
}

RunColumn Text(std::string name, std::string description,
               std::function<std::string(const RunRecord&)> get) {
  return {std::move(name), ValueType::kString, std::move(description), "",
          [get = std::move(get)](const RunRecord& run) -> Value { return get(run); }};
}

RunColumn Real(std::string name, std::string description, std::string units,
               double RunRecord::*field) {
  return {std::move(name), ValueType::kReal, std::move(description), std::move(units),
          [field](const RunRecord& run) -> Value { return run.*field; }};
}

std::vector<RunColumn> MakeRunColumns() {
  std::vector<RunColumn> columns;
  columns.push_back(Text("run_id", "hash of the configuration and the numerics version",
                         [](const RunRecord& run) { return run.run_id; }));
  columns.push_back(Text("digest", "hash of the results, the same on every machine",
                         [](const RunRecord& run) { return run.digest; }));
  columns.push_back(Text("config", "whole configuration as JSON",
                         [](const RunRecord& run) { return train::ToJson(run.config); }));
  for (const train::ConfigKey& key : train::ConfigKeys()) {
    columns.push_back({CoordinateName(key), key.type, std::string(key.description), "",
                       [&key](const RunRecord& run) { return key.get(run.config); },
                       key.name != "seed"});
  }
  columns.push_back(Text("outcome", "completed or diverged",
                         [](const RunRecord& run) { return OutcomeName(run.outcome); }));
  columns.push_back({"steps_done", ValueType::kInteger,
                     "updates made; of a diverged run, the step of the first bad loss", "step",
                     [](const RunRecord& run) -> Value { return run.steps_done; }});
  columns.push_back(
      Real("wall_seconds", "time that the training took", "s", &RunRecord::wall_seconds));
  columns.push_back(Real("final_loss", "loss of the final network", "", &RunRecord::final_loss));
  columns.push_back(
      Real("final_accuracy", "accuracy of the final network", "1", &RunRecord::final_accuracy));
  columns.push_back(Real("final_test_loss", "loss of the final network on the test split", "",
                         &RunRecord::final_test_loss));
  columns.push_back(Real("final_test_accuracy", "accuracy of the final network on the test split",
                         "1", &RunRecord::final_test_accuracy));
  columns.push_back(
      Real("best_accuracy", "highest accuracy over all steps", "1", &RunRecord::best_accuracy));
  columns.push_back(Text("no_verdict", "why nothing can be said about transitions, or empty",
                         [](const RunRecord& run) { return run.no_verdict; }));
  return columns;
}

}  // namespace

const std::vector<RunColumn>& RunColumns() {
  static const std::vector<RunColumn> columns = MakeRunColumns();
  return columns;
}

std::string CoordinateName(const train::ConfigKey& key) {
  if (key.name == "train.loss") return "loss_function";
  const std::string_view last = key.short_name();
  for (const train::ConfigKey& other : train::ConfigKeys()) {
    if (other.name != key.name && other.short_name() == last) {
      return std::string(key.section()) + "_" + std::string(last);
    }
  }
  return std::string(last);
}

std::span<const TransitionColumn> TransitionColumns() { return kTransitionColumns; }

ColumnValues EmptyColumn(ValueType type) {
  switch (type) {
    case ValueType::kReal:
      return std::vector<double>();
    case ValueType::kString:
      return std::vector<std::string>();
    default:
      return std::vector<std::int64_t>();
  }
}

void AppendValue(ColumnValues& column, Value value) {
  if (const auto* truth = std::get_if<bool>(&value)) {
    std::get<std::vector<std::int64_t>>(column).push_back(*truth ? 1 : 0);
  } else if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    std::get<std::vector<std::int64_t>>(column).push_back(*integer);
  } else if (const auto* real = std::get_if<double>(&value)) {
    std::get<std::vector<double>>(column).push_back(*real);
  } else {
    std::get<std::vector<std::string>>(column).push_back(std::move(std::get<std::string>(value)));
  }
}

std::size_t RowCount(const ColumnValues& column) {
  return std::visit([](const auto& values) { return values.size(); }, column);
}

}  // namespace crease::store
