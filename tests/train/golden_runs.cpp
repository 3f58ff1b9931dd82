#include "tests/train/golden_runs.h"

#include <tuple>

#include "lib/core/hash.h"
#include "tests/train/tiny_runs.h"

namespace crease::train {
namespace {

void AddNorms(NamedRuns& runs) {
  using model::Norm;
  const std::pair<const char*, Norm> norms[] = {
      {"unit", Norm::kUnit},         {"layernorm", Norm::kLayerNorm},
      {"rmsnorm", Norm::kRmsNorm},   {"groupnorm", Norm::kGroupNorm},
      {"divisive", Norm::kDivisive}, {"dyt", Norm::kDyT},
      {"none", Norm::kNone}};
  for (const auto& [name, norm] : norms) {
    RunConfig config = TinyConfig();
    config.model.norm = norm;
    config.model.width = 6;
    config.model.groups = norm == Norm::kGroupNorm ? 2 : 1;
    config.model.affine = norm == Norm::kLayerNorm || norm == Norm::kDyT;
    runs.emplace_back(name, config);
  }
}

void AddActivations(NamedRuns& runs) {
  using model::Activation;
  const std::pair<const char*, Activation> activations[] = {{"relu", Activation::kRelu},
                                                            {"gelu", Activation::kGelu},
                                                            {"elu", Activation::kElu},
                                                            {"tanh", Activation::kTanh}};
  for (const auto& [name, activation] : activations) {
    RunConfig config = TinyConfig();
    config.data.task = "octants";
    config.model.norm = model::Norm::kLayerNorm;
    config.model.width = 5;
    config.model.activation = activation;
    runs.emplace_back(name, config);
  }
}

void AddOptimizers(NamedRuns& runs) {
  using optim::Optimizer;
  using optim::Schedule;
  const std::tuple<const char*, Optimizer, Schedule, model::Init> optimizers[] = {
      {"sgd", Optimizer::kSgd, Schedule::kStep, model::Init::kXavier},
      {"momentum", Optimizer::kMomentum, Schedule::kCosine, model::Init::kHe},
      {"adamw", Optimizer::kAdamW, Schedule::kWarmupCosine, model::Init::kOrthogonal}};
  for (const auto& [name, optimizer, schedule, init] : optimizers) {
    RunConfig config = TinyConfig();
    config.data.task = "sectors";
    config.model.init = init;
    config.optim.optimizer = optimizer;
    config.optim.schedule = schedule;
    config.optim.weight_decay = 0.01;
    config.optim.step_size = 60;
    config.optim.warmup_steps = 20;
    runs.emplace_back(name, config);
  }
}

void AddBatches(NamedRuns& runs) {
  RunConfig toy = TinyConfig();
  toy.data.task = "toy_regression";
  toy.loss = Loss::kMse;
  toy.batch = 40;
  toy.model.norm = model::Norm::kLayerNorm;
  toy.model.affine = true;
  toy.model.bias = toy.model.head_bias = false;
  toy.optim.optimizer = optim::Optimizer::kSgd;
  runs.emplace_back("toy", toy);

  RunConfig labels = TinyConfig();
  labels.data.task = "random_labels";
  labels.data.classes = 5;
  labels.data.inputs = 7;
  labels.loss = Loss::kMse;
  labels.batch = 25;
  labels.model.width = 20;
  runs.emplace_back("mini-batches", labels);

  RunConfig wide = TinyConfig();
  wide.data.noise = 0.05;
  wide.model.norm = model::Norm::kRmsNorm;
  wide.model.width = 100;
  wide.model.depth = 3;
  wide.steps = 40;
  runs.emplace_back("wide", wide);

  RunConfig diverging = TinyConfig();
  diverging.model.norm = model::Norm::kNone;
  diverging.loss = Loss::kMse;
  diverging.optim.optimizer = optim::Optimizer::kSgd;
  diverging.optim.lr = 50.0;
  runs.emplace_back("diverging", diverging);
}

}  // namespace

NamedRuns GoldenRuns() {
  NamedRuns runs;
  AddNorms(runs);
  AddActivations(runs);
  AddOptimizers(runs);
  AddBatches(runs);
  return runs;
}

std::string DigestLine(const std::string& name, const RunRecord& record) {
  return name + " " + record.digest + " " + std::to_string(record.steps_done) + "\n";
}

}  // namespace crease::train
