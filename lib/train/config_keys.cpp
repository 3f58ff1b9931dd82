#include "lib/train/config_keys.h"

#include <cmath>
#include <cstddef>
#include <limits>
#include <unordered_map>
#include <utility>

#include "lib/data/dataset.h"

namespace crease::train {
namespace {

ConfigKey BlankKey(std::string_view name, ValueType type, std::string_view description) {
  return {.name = name,
          .type = type,
          .choices = {},
          .range = "",
          .description = description,
          .word = "",
          .word_value = 0,
          .get = {},
          .set = {}};
}

// A field is given as a generic lambda from a configuration to a reference to its member.

template <typename Field>
ConfigKey BoolKey(std::string_view name, std::string_view description, Field field) {
  ConfigKey key = BlankKey(name, ValueType::kBool, description);
  key.get = [field](const RunConfig& config) -> Value { return field(config); };
  key.set = [field](const Value& value, RunConfig& config) -> std::string {
    field(config) = std::get<bool>(value);
    return "";
  };
  return key;
}

constexpr std::int64_t kNoLimit = std::numeric_limits<std::int64_t>::max();

std::string IntegerRange(std::int64_t least, std::int64_t most) {
  if (most == kNoLimit) return ">= " + std::to_string(least);
  return "in " + std::to_string(least) + " ... " + std::to_string(most);
}

template <typename Field>
ConfigKey IntegerKey(std::string_view name, std::int64_t least, std::int64_t most,
                     std::string_view description, Field field) {
  ConfigKey key = BlankKey(name, ValueType::kInteger, description);
  key.range = IntegerRange(least, most);
  key.get = [field](const RunConfig& config) -> Value {
    return static_cast<std::int64_t>(field(config));
  };
  key.set = [field, least, most](const Value& value, RunConfig& config) -> std::string {
    const std::int64_t integer = std::get<std::int64_t>(value);
    if (integer < least || integer > most) return "must be " + IntegerRange(least, most);
    auto& member = field(config);
    member = static_cast<std::remove_reference_t<decltype(member)>>(integer);
    return "";
  };
  return key;
}

struct RealRange {
  double least = -std::numeric_limits<double>::infinity();
  double below = std::numeric_limits<double>::infinity();
  bool least_excluded = false;
  std::string_view text = "";

  bool Contains(double value) const {
    return std::isfinite(value) && (least_excluded ? value > least : value >= least) &&
           value < below;
  }
};

constexpr RealRange kPositive{.least = 0, .least_excluded = true, .text = "> 0"};
constexpr RealRange kNotNegative{.least = 0, .text = ">= 0"};
constexpr RealRange kBelowOne{.least = 0, .below = 1, .text = "in [0, 1)"};

template <typename Field>
ConfigKey RealKey(std::string_view name, const RealRange& range, std::string_view description,
                  Field field) {
  ConfigKey key = BlankKey(name, ValueType::kReal, description);
  key.range = range.text;
  key.get = [field](const RunConfig& config) -> Value { return field(config); };
  key.set = [field, range](const Value& value, RunConfig& config) -> std::string {
    const double real = std::get<double>(value);
    if (!range.Contains(real)) return "must be a finite number " + std::string(range.text);
    field(config) = real == 0 ? 0.0 : real;  // -0 is 0: one value, one run id
    return "";
  };
  return key;
}

std::string ListOf(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  return list;
}

template <typename Enum>
using Named = std::vector<std::pair<std::string, Enum>>;

template <typename Enum, typename Field>
ConfigKey ChoiceKey(std::string_view name, const Named<Enum>& named, std::string_view description,
                    Field field) {
  ConfigKey key = BlankKey(name, ValueType::kString, description);
  for (const auto& [choice, unused] : named) key.choices.push_back(choice);
  key.get = [field, named](const RunConfig& config) -> Value {
    for (const auto& [choice, value] : named) {
      if (value == field(config)) return choice;
    }
    return std::string();
  };
  key.set = [field, named, list = ListOf(key.choices)](const Value& value,
                                                       RunConfig& config) -> std::string {
    for (const auto& [choice, meant] : named) {
      if (choice != std::get<std::string>(value)) continue;
      field(config) = meant;
      return "";
    }
    return "must be one of " + list;
  };
  return key;
}

template <typename Field>
ConfigKey NameKey(std::string_view name, const std::vector<std::string>& choices,
                  std::string_view description, Field field) {
  Named<std::string> named;
  for (const std::string& choice : choices) named.emplace_back(choice, choice);
  return ChoiceKey<std::string>(name, named, description, field);
}

template <typename Field>
ConfigKey TextKey(std::string_view name, std::string_view description, Field field) {
  ConfigKey key = BlankKey(name, ValueType::kString, description);
  key.get = [field](const RunConfig& config) -> Value { return field(config); };
  key.set = [field](const Value& value, RunConfig& config) -> std::string {
    const std::string& text = std::get<std::string>(value);
    for (const char c : text) {
      if (static_cast<unsigned char>(c) < 0x20) return "must hold no control characters";
    }
    field(config) = text;
    return "";
  };
  return key;
}

#define CREASE_FIELD(member) \
  [](auto& config) -> auto& { return config.member; }

constexpr std::int64_t kMostPoints = 100'000'000;

std::vector<std::string> LabelSources() {
  std::vector<std::string> sources = {"gaussian"};
  for (const std::string& task : data::TaskNames()) {
    if (task == "random_labels" || task == "toy_regression") continue;
    if (task == "csv" || task == "hdf5" || task == "idx") continue;
    sources.push_back(task);
  }
  return sources;
}

void AddDataKeys(std::vector<ConfigKey>& keys) {
  keys.push_back(
      NameKey("data.task", data::TaskNames(), "what is to be learned", CREASE_FIELD(data.task)));
  keys.push_back(IntegerKey("data.points", 0, kMostPoints,
                            "training points of a generated task; 0: the task's own number",
                            CREASE_FIELD(data.points)));
  keys.push_back(RealKey("data.turns", {.least = 0, .below = 1000, .text = "in [0, 1000)"},
                         "spiral: turns of an arm", CREASE_FIELD(data.turns)));
  keys.push_back(RealKey("data.noise", kNotNegative,
                         "spiral: standard deviation of the Gaussian noise added to x",
                         CREASE_FIELD(data.noise)));
  keys.push_back(IntegerKey("data.sectors", 2, 1'000'000,
                            "sectors: number of alternating equal sectors, even",
                            CREASE_FIELD(data.sectors)));
  keys.push_back(IntegerKey("data.inputs", 0, 1'000'000,
                            "random_labels, toy_regression: dimensions of x; 0: the task's own",
                            CREASE_FIELD(data.inputs)));
  keys.push_back(IntegerKey("data.classes", 2, 100'000, "random_labels: number of classes",
                            CREASE_FIELD(data.classes)));
  keys.push_back(NameKey("data.source", LabelSources(),
                         "random_labels: gaussian, or the task whose inputs to label at random",
                         CREASE_FIELD(data.source)));
  keys.push_back(IntegerKey("data.supervised", 1, 1'000'000,
                            "toy_regression: how many coordinates the loss sees",
                            CREASE_FIELD(data.supervised)));
  keys.push_back(RealKey("data.sigma", kPositive, "toy_regression: standard deviation of x",
                         CREASE_FIELD(data.sigma)));
  keys.push_back(IntegerKey("data.subset", 0, kMostPoints,
                            "real data: how many training points to use; 0: all",
                            CREASE_FIELD(data.subset)));
  keys.push_back(IntegerKey("data.data_seed", 0, kNoLimit,
                            "seed of everything random about the data",
                            CREASE_FIELD(data.data_seed)));
}

void AddFileKeys(std::vector<ConfigKey>& keys) {
  keys.push_back(TextKey("data.path", "csv, hdf5: the file; idx: the file of inputs",
                         CREASE_FIELD(data.path)));
  keys.push_back(TextKey("data.labels", "idx: the file of labels", CREASE_FIELD(data.labels)));
  keys.push_back(TextKey("data.test_path", "as path, for the test split; empty: none",
                         CREASE_FIELD(data.test_path)));
  keys.push_back(
      TextKey("data.test_labels", "as labels, for the test split", CREASE_FIELD(data.test_labels)));
  keys.push_back(TextKey("data.columns",
                         "csv: comma-separated input columns (empty: all but the target); hdf5: "
                         "data set of inputs (empty: x)",
                         CREASE_FIELD(data.columns)));
  keys.push_back(TextKey("data.target",
                         "csv: target column (empty: the last); hdf5: its data set (empty: y)",
                         CREASE_FIELD(data.target)));
  keys.push_back(NameKey("data.kind", {"classification", "regression"},
                         "csv, hdf5, idx: what the targets are", CREASE_FIELD(data.kind)));
  keys.push_back(BoolKey("data.standardize",
                         "csv, hdf5, idx: inputs to mean 0 and standard deviation 1",
                         CREASE_FIELD(data.standardize)));
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
  keys.push_back(ChoiceKey<model::Norm>(
      "model.norm", Norms(), "normalisation after every hidden Linear", CREASE_FIELD(model.norm)));
  keys.push_back(IntegerKey("model.width", 1, 65536, "neurons of each hidden layer",
                            CREASE_FIELD(model.width)));
  keys.push_back(IntegerKey("model.depth", 0, 1024,
                            "hidden blocks Linear, activation, norm; one more Linear follows",
                            CREASE_FIELD(model.depth)));
  keys.push_back(
      BoolKey("model.affine", "learnable norm weight and bias", CREASE_FIELD(model.affine)));
  keys.push_back(RealKey("model.eps", kNotNegative,
                         "added to the variance (layernorm, groupnorm), the mean square (rmsnorm) "
                         "or the squared norm (unit)",
                         CREASE_FIELD(model.eps)));
  keys.push_back(IntegerKey("model.groups", 1, 65536,
                            "groupnorm: equal groups of consecutive neurons; divides width",
                            CREASE_FIELD(model.groups)));
  keys.push_back(
      RealKey("model.beta", kPositive, "divisive: half-saturation", CREASE_FIELD(model.beta)));
  ConfigKey exponent =
      RealKey("model.exponent", kPositive, "divisive: exponent", CREASE_FIELD(model.exponent));
  exponent.range = "1, 2 or 3";
  exponent.set = [](const Value& value, RunConfig& config) -> std::string {
    const double real = std::get<double>(value);
    if (real != 1 && real != 2 && real != 3) return "must be 1, 2 or 3";
    config.model.exponent = real;
    return "";
  };
  keys.push_back(std::move(exponent));
  keys.push_back(RealKey("model.alpha", kPositive, "dyt: initial alpha of tanh(alpha z)",
                         CREASE_FIELD(model.alpha)));
  keys.push_back(ChoiceKey<model::Activation>("model.activation", Activations(),
                                              "applied before the norm",
                                              CREASE_FIELD(model.activation)));
  keys.push_back(BoolKey("model.bias", "bias of every Linear", CREASE_FIELD(model.bias)));
  keys.push_back(BoolKey("model.head_bias", "bias of the last Linear; needs bias",
                         CREASE_FIELD(model.head_bias)));
  keys.push_back(ChoiceKey<model::Init>("model.init", Inits(), "initialisation of the Linears",
                                        CREASE_FIELD(model.init)));
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
  ConfigKey key = IntegerKey("train.batch", 1, kMostPoints,
                             "points a step, or full: all of them; mini-batches are seeded",
                             CREASE_FIELD(batch));
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
  keys.push_back(
      ChoiceKey<Loss>("train.loss", Losses(), "loss, mean over the points", CREASE_FIELD(loss)));
  keys.push_back(ChoiceKey<optim::Optimizer>("train.optimizer", Optimizers(),
                                             "update rule, as in PyTorch",
                                             CREASE_FIELD(optim.optimizer)));
  keys.push_back(RealKey("train.lr", kPositive, "learning rate", CREASE_FIELD(optim.lr)));
  keys.push_back(IntegerKey("train.steps", 1, kMostSteps, "updates", CREASE_FIELD(steps)));
  keys.push_back(BatchKey());
  keys.push_back(ChoiceKey<optim::Schedule>(
      "train.schedule", Schedules(), "learning rate over the steps", CREASE_FIELD(optim.schedule)));
  keys.push_back(
      RealKey("train.momentum", kBelowOne, "momentum: the factor", CREASE_FIELD(optim.momentum)));
  keys.push_back(RealKey("train.beta1", kBelowOne, "adam, adamw: decay of the first moment",
                         CREASE_FIELD(optim.beta1)));
  keys.push_back(RealKey("train.beta2", kBelowOne, "adam, adamw: decay of the second moment",
                         CREASE_FIELD(optim.beta2)));
  keys.push_back(RealKey("train.adam_eps", kNotNegative, "adam, adamw: added to the root",
                         CREASE_FIELD(optim.adam_eps)));
  keys.push_back(RealKey("train.weight_decay", kNotNegative,
                         "coupled (L2) for sgd, momentum and adam; decoupled for adamw",
                         CREASE_FIELD(optim.weight_decay)));
  keys.push_back(IntegerKey("train.warmup_steps", 0, kMostSteps,
                            "warmup_cosine: steps of linear increase to lr",
                            CREASE_FIELD(optim.warmup_steps)));
  keys.push_back(IntegerKey("train.step_size", 1, kMostSteps,
                            "step: lr is multiplied by gamma every so many steps",
                            CREASE_FIELD(optim.step_size)));
  keys.push_back(RealKey("train.gamma", kPositive, "step: the factor", CREASE_FIELD(optim.gamma)));
  keys.push_back(RealKey("train.lr_min", kNotNegative,
                         "cosine, warmup_cosine: learning rate at the last step",
                         CREASE_FIELD(optim.lr_min)));
}

#undef CREASE_FIELD

std::vector<ConfigKey> MakeConfigKeys() {
  std::vector<ConfigKey> keys;
  AddDataKeys(keys);
  AddFileKeys(keys);
  AddModelKeys(keys);
  AddTrainKeys(keys);
  keys.push_back(IntegerKey(
      "seed", 0, kNoLimit, "initial weights and order of the batches",
      [](auto& config) -> auto& { return config.seed; }));
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
