#include "lib/train/config_keys.h"

#include <cstddef>
#include <unordered_map>
#include <utility>

#include "lib/data/dataset.h"
#include "lib/train/key_makers.h"

namespace crease::train {
namespace {

constexpr std::int64_t kMostPoints = std::int64_t{1} << 30;

void AddDataKeys(std::vector<ConfigKey>& keys) {
  keys.push_back(NameKey("data.task", data::TaskNames(), "what is to be learned",
                         Field(&data::Options::task)));
  keys.push_back(IntegerKey("data.points", {2, kMostPoints, true},
                            "training points of a generated task; 0: the task's own",
                            Field(&data::Options::points)));
  keys.push_back(RealKey("data.turns", {.least = 1e-6, .below = 1e4, .text = "in [1e-6, 1e4)"},
                         "spiral: turns of an arm", Field(&data::Options::turns)));
  keys.push_back(RealKey("data.noise", {.least = 0, .below = 1e6, .text = "in [0, 1e6)"},
                         "spiral: standard deviation of the Gaussian noise added to x",
                         Field(&data::Options::noise)));
  keys.push_back(IntegerKey("data.sectors", {2, 1'000'000},
                            "sectors: number of alternating equal sectors, even",
                            Field(&data::Options::sectors)));
  keys.push_back(IntegerKey("data.inputs", {1, 65536, true},
                            "random_labels, toy_regression: dimensions of x; 0: the task's own",
                            Field(&data::Options::inputs)));
  keys.push_back(IntegerKey("data.classes", {2, 65536}, "random_labels: number of classes",
                            Field(&data::Options::classes)));
  keys.push_back(NameKey("data.source", {"gaussian", "digits", "mnist", "fashion_mnist"},
                         "random_labels: gaussian, or the task whose inputs to label at random",
                         Field(&data::Options::source)));
  keys.push_back(IntegerKey("data.supervised", {1, 65536},
                            "toy_regression: how many coordinates the loss sees",
                            Field(&data::Options::supervised)));
  keys.push_back(RealKey("data.sigma", {.least = 1e-30, .below = 1e30, .text = "in [1e-30, 1e30)"},
                         "toy_regression: standard deviation of x", Field(&data::Options::sigma)));
  keys.push_back(IntegerKey("data.subset", {2, kMostPoints, true},
                            "real data: how many training points to use; 0: all",
                            Field(&data::Options::subset)));
  keys.push_back(IntegerKey("data.data_seed", {0}, "seed of everything random about the data",
                            Field(&data::Options::data_seed)));
}

void AddFileKeys(std::vector<ConfigKey>& keys) {
  keys.push_back(TextKey("data.path", "csv, hdf5: the file; idx: the file of inputs",
                         Field(&data::Options::path)));
  keys.push_back(TextKey("data.labels", "idx: the file of labels", Field(&data::Options::labels)));
  keys.push_back(TextKey("data.test_path", "as path, for the test split; empty: none",
                         Field(&data::Options::test_path)));
  keys.push_back(TextKey("data.test_labels", "as labels, for the test split",
                         Field(&data::Options::test_labels)));
  keys.push_back(TextKey("data.columns",
                         "csv: comma-separated input columns (empty: all but the target); hdf5: "
                         "data set of inputs (empty: x)",
                         Field(&data::Options::columns)));
  keys.push_back(TextKey("data.target",
                         "csv: target column (empty: the last); hdf5: its data set (empty: y)",
                         Field(&data::Options::target)));
  keys.push_back(NameKey("data.kind", {"classification", "regression"},
                         "csv, hdf5, idx: what the targets are", Field(&data::Options::kind)));
  keys.push_back(BoolKey("data.standardize",
                         "csv, hdf5, idx: inputs to mean 0 and standard deviation 1",
                         Field(&data::Options::standardize)));
}

Named<model::Norm> Norms() {
  return {
      {"unit", model::Norm::kUnit},         {"layernorm", model::Norm::kLayerNorm},
      {"rmsnorm", model::Norm::kRmsNorm},   {"groupnorm", model::Norm::kGroupNorm},
      {"divisive", model::Norm::kDivisive}, {"dyt", model::Norm::kDyT},
      {"none", model::Norm::kNone},
  };
}

Named<model::Activation> Activations() {
  return {
      {"none", model::Activation::kNone}, {"relu", model::Activation::kRelu},
      {"gelu", model::Activation::kGelu}, {"elu", model::Activation::kElu},
      {"tanh", model::Activation::kTanh},
  };
}

Named<model::Init> Inits() {
  return {
      {"torch", model::Init::kTorch},
      {"xavier", model::Init::kXavier},
      {"he", model::Init::kHe},
      {"orthogonal", model::Init::kOrthogonal},
  };
}

void AddModelKeys(std::vector<ConfigKey>& keys) {
  keys.push_back(ChoiceKey<model::Norm>("model.norm", Norms(),
                                        "normalisation after every hidden Linear",
                                        Field(&model::Options::norm)));
  keys.push_back(IntegerKey("model.width", {1, 65536}, "neurons of each hidden layer",
                            Field(&model::Options::width)));
  keys.push_back(IntegerKey("model.depth", {0, 1024},
                            "hidden blocks Linear, activation, norm; one more Linear follows",
                            Field(&model::Options::depth)));
  keys.push_back(
      BoolKey("model.affine", "learnable norm weight and bias", Field(&model::Options::affine)));
  keys.push_back(RealKey("model.eps", kNotNegative,
                         "added to the variance (layernorm, groupnorm), the mean square (rmsnorm) "
                         "or the squared norm (unit)",
                         Field(&model::Options::eps)));
  keys.push_back(IntegerKey("model.groups", {1, 65536},
                            "groupnorm: equal groups of consecutive neurons; divides width",
                            Field(&model::Options::groups)));
  keys.push_back(
      RealKey("model.beta", kPositive, "divisive: half-saturation", Field(&model::Options::beta)));
  ConfigKey exponent =
      RealKey("model.exponent", kPositive, "divisive: exponent", Field(&model::Options::exponent));
  exponent.range = "1, 2 or 3";
  exponent.set = [](const Value& value, RunConfig& config) -> std::string {
    const double real = std::get<double>(value);
    if (real != 1 && real != 2 && real != 3) return "must be 1, 2 or 3";
    config.model.exponent = real;
    return "";
  };
  keys.push_back(std::move(exponent));
  keys.push_back(RealKey("model.alpha", kPositive, "dyt: initial alpha of tanh(alpha z)",
                         Field(&model::Options::alpha)));
  keys.push_back(ChoiceKey<model::Activation>("model.activation", Activations(),
                                              "applied before the norm",
                                              Field(&model::Options::activation)));
  keys.push_back(BoolKey("model.bias", "bias of every Linear", Field(&model::Options::bias)));
  keys.push_back(BoolKey("model.head_bias", "bias of the last Linear; needs bias",
                         Field(&model::Options::head_bias)));
  keys.push_back(ChoiceKey<model::Init>("model.init", Inits(), "initialisation of the Linears",
                                        Field(&model::Options::init)));
}

Named<Loss> Losses() { return {{"cross_entropy", Loss::kCrossEntropy}, {"mse", Loss::kMse}}; }

Named<optim::Optimizer> Optimizers() {
  return {
      {"sgd", optim::Optimizer::kSgd},
      {"momentum", optim::Optimizer::kMomentum},
      {"adam", optim::Optimizer::kAdam},
      {"adamw", optim::Optimizer::kAdamW},
  };
}

Named<optim::Schedule> Schedules() {
  return {
      {"constant", optim::Schedule::kConstant},
      {"cosine", optim::Schedule::kCosine},
      {"step", optim::Schedule::kStep},
      {"warmup_cosine", optim::Schedule::kWarmupCosine},
  };
}

constexpr std::int64_t kMostSteps = 1'000'000'000;

ConfigKey BatchKey() {
  ConfigKey key = IntegerKey("train.batch", {1, kMostPoints},
                             "points a step, or full: all of them; mini-batches are seeded",
                             Field(&RunConfig::batch));
  key.word = "full";
  key.word_value = 0;
  key.set = [within = key.set](const Value& value, RunConfig& config) -> std::string {
    if (std::get<std::int64_t>(value) != 0) return within(value, config);
    config.batch = 0;
    return "";
  };
  return key;
}

void AddTrainKeys(std::vector<ConfigKey>& keys) {
  keys.push_back(ChoiceKey<Loss>("train.loss", Losses(), "loss, mean over the points",
                                 Field(&RunConfig::loss)));
  keys.push_back(ChoiceKey<optim::Optimizer>("train.optimizer", Optimizers(),
                                             "update rule, as in PyTorch",
                                             Field(&optim::Options::optimizer)));
  keys.push_back(RealKey("train.lr", kPositive, "learning rate", Field(&optim::Options::lr)));
  keys.push_back(IntegerKey("train.steps", {1, kMostSteps}, "updates", Field(&RunConfig::steps)));
  keys.push_back(BatchKey());
  keys.push_back(ChoiceKey<optim::Schedule>("train.schedule", Schedules(),
                                            "learning rate over the steps",
                                            Field(&optim::Options::schedule)));
  keys.push_back(RealKey("train.momentum", kBelowOne, "momentum: the factor",
                         Field(&optim::Options::momentum)));
  keys.push_back(RealKey("train.beta1", kBelowOne, "adam, adamw: decay of the first moment",
                         Field(&optim::Options::beta1)));
  keys.push_back(RealKey("train.beta2", kBelowOne, "adam, adamw: decay of the second moment",
                         Field(&optim::Options::beta2)));
  keys.push_back(RealKey("train.adam_eps", kNotNegative, "adam, adamw: added to the root",
                         Field(&optim::Options::adam_eps)));
  keys.push_back(RealKey("train.weight_decay", kNotNegative,
                         "coupled (L2) for sgd, momentum and adam; decoupled for adamw",
                         Field(&optim::Options::weight_decay)));
  keys.push_back(IntegerKey("train.warmup_steps", {0, kMostSteps},
                            "warmup_cosine: steps of linear increase to lr",
                            Field(&optim::Options::warmup_steps)));
  keys.push_back(IntegerKey("train.step_size", {1, kMostSteps},
                            "step: lr is multiplied by gamma every so many steps",
                            Field(&optim::Options::step_size)));
  keys.push_back(
      RealKey("train.gamma", kPositive, "step: the factor", Field(&optim::Options::gamma)));
  keys.push_back(RealKey("train.lr_min", kNotNegative,
                         "cosine, warmup_cosine: learning rate at the last step",
                         Field(&optim::Options::lr_min)));
}

std::vector<ConfigKey> MakeConfigKeys() {
  std::vector<ConfigKey> keys;
  AddDataKeys(keys);
  AddFileKeys(keys);
  AddModelKeys(keys);
  AddTrainKeys(keys);
  keys.push_back(
      IntegerKey("seed", {0}, "initial weights and order of the batches", Field(&RunConfig::seed)));
  return keys;
}

}  // namespace

std::string_view ConfigKey::section() const {
  const std::size_t dot = name.find('.');
  return dot == std::string_view::npos ? std::string_view() : name.substr(0, dot);
}

std::string_view ConfigKey::short_name() const {
  const std::size_t dot = name.find('.');
  return dot == std::string_view::npos ? name : name.substr(dot + 1);
}

std::span<const ConfigKey> ConfigKeys() {
  static const std::vector<ConfigKey> keys = MakeConfigKeys();
  return keys;
}

const ConfigKey* FindConfigKey(std::string_view name) {
  static const std::unordered_map<std::string_view, const ConfigKey*> by_name = [] {
    std::unordered_map<std::string_view, const ConfigKey*> map;
    for (const ConfigKey& key : ConfigKeys()) map.emplace(key.name, &key);
    return map;
  }();
  const auto found = by_name.find(name);
  return found == by_name.end() ? nullptr : found->second;
}

}  // namespace crease::train
