#include <string>

#include "lib/data/dataset.h"
#include "lib/data/validate.h"
#include "lib/train/config_keys.h"

namespace crease::train {
namespace {

std::string Assignment(std::string_view name, const RunConfig& config) {
  const ConfigKey* key = FindConfigKey(name);
  return std::string(name) + " = " + ToString(key->get(config));
}

bool IsUserFile(const std::string& task) {
  return task == "csv" || task == "hdf5" || task == "idx";
}

Inconsistency CheckFiles(const RunConfig& config) {
  const data::Options& data = config.data;
  if (!IsUserFile(data.task)) return {};
  const std::string task = "data.task = " + data.task + " needs ";
  if (data.path.empty()) return {"data.path", task + "data.path, the file to read", "data.task"};
  if (data.task != "idx") return {};
  if (data.kind == "regression") {
    return {"data.kind", "data.kind = regression: idx files hold classes", "data.task"};
  }
  if (data.labels.empty())
    return {"data.labels", task + "data.labels, the file of labels", "data.task"};
  if (data.test_path.empty() != data.test_labels.empty()) {
    return {data.test_path.empty() ? "data.test_path" : "data.test_labels",
            task + "both data.test_path and data.test_labels, or neither", "data.task"};
  }
  return {};
}

Inconsistency CheckGenerated(const RunConfig& config, const data::Options& data) {
  if (data.task == "sectors") {
    if (data.sectors % 2 != 0) {
      return {"data.sectors", Assignment("data.sectors", config) + " is odd: sectors alternate"};
    }
    if (data.points < data.sectors) {
      return {"data.points",
              "data.points = " + std::to_string(data.points) + " leaves some of " +
                  Assignment("data.sectors", config) + " empty",
              "data.sectors"};
    }
  }
  if (data.task == "toy_regression" && data.supervised > data.inputs) {
    return {"data.supervised",
            Assignment("data.supervised", config) +
                " exceeds data.inputs = " + std::to_string(data.inputs),
            "data.inputs"};
  }
  return {};
}

Inconsistency CheckSize(const data::Options& data) {
  const bool has_inputs = data.task == "random_labels" || data.task == "toy_regression";
  if (!has_inputs || data.points <= data::kMaxValues / data.inputs) return {};
  return {"data.points",
          "data.points = " + std::to_string(data.points) +
              " of data.inputs = " + std::to_string(data.inputs) + " are more than " +
              std::to_string(data::kMaxValues) + " numbers",
          "data.inputs"};
}

// Tasks whose number of training points the configuration alone tells.
bool HasKnownPoints(const data::Options& data) {
  return data.task == "spiral" || data.task == "octants" || data.task == "sectors" ||
         (data.task == "random_labels" && data.source == "gaussian");
}

Inconsistency CheckBatch(const RunConfig& config, const data::Options& data) {
  if (!HasKnownPoints(data) || config.batch <= data.points) return {};
  return {"train.batch",
          Assignment("train.batch", config) + " exceeds the " + std::to_string(data.points) +
              " points of " + data.task,
          "data.points"};
}

Inconsistency CheckModel(const RunConfig& config) {
  const model::Options& model = config.model;
  const bool has_norms = model.depth > 0;
  if (has_norms && model.norm == model::Norm::kLayerNorm && model.width < 2) {
    return {"model.width",
            Assignment("model.width", config) +
                ": layernorm of one neuron is constant, so width must be >= 2",
            "model.norm"};
  }
  if (has_norms && model.norm == model::Norm::kGroupNorm) {
    if (model.width % model.groups != 0) {
      return {"model.groups",
              Assignment("model.groups", config) + " does not divide " +
                  Assignment("model.width", config),
              "model.width"};
    }
    if (model.width == model.groups) {
      return {"model.groups",
              Assignment("model.groups", config) +
                  " leaves one neuron a group, whose groupnorm is constant",
              "model.width"};
    }
  }
  if (!model.bias && model.head_bias) {
    return {"model.head_bias", "model.head_bias = true needs model.bias = true", "model.bias"};
  }
  return {};
}

Inconsistency CheckTraining(const RunConfig& config) {
  const bool regression = config.data.task == "toy_regression" ||
                          (IsUserFile(config.data.task) && config.data.kind == "regression");
  if (regression && config.loss == Loss::kCrossEntropy) {
    const std::string cause_key = config.data.task == "toy_regression" ? "data.task" : "data.kind";
    const std::string cause = Assignment(cause_key, config);
    return {"train.loss",
            "train.loss = cross_entropy does not fit " + cause + ": set train.loss = \"mse\"",
            cause_key};
  }
  const optim::Options& optim = config.optim;
  if (optim.schedule == optim::Schedule::kWarmupCosine && optim.warmup_steps > config.steps) {
    return {
        "train.warmup_steps",
        Assignment("train.warmup_steps", config) + " exceeds " + Assignment("train.steps", config),
        "train.steps"};
  }
  const bool decays_to_minimum = optim.schedule == optim::Schedule::kCosine ||
                                 optim.schedule == optim::Schedule::kWarmupCosine;
  if (decays_to_minimum && optim.lr_min > optim.lr) {
    return {"train.lr_min",
            Assignment("train.lr_min", config) + " exceeds " + Assignment("train.lr", config),
            "train.lr"};
  }
  return {};
}

}  // namespace

Inconsistency CheckConsistency(const RunConfig& config) {
  const data::Options data = data::WithTaskDefaults(config.data);
  for (const Inconsistency& found :
       {CheckFiles(config), CheckGenerated(config, data), CheckSize(data), CheckModel(config),
        CheckTraining(config), CheckBatch(config, data)}) {
    if (!found.what.empty()) return found;
  }
  return {};
}

}  // namespace crease::train
