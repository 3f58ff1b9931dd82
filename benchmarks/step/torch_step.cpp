#include "benchmarks/step/torch_step.h"

#include <cassert>
#include <cstring>
#include <torch/torch.h>

namespace crease::benchmarks {
namespace {

std::int64_t Signed(std::size_t value) { return static_cast<std::int64_t>(value); }

torch::nn::Sequential MakeNetwork(const model::Options& options, const data::Dataset& dataset) {
  torch::nn::Sequential layers;
  std::int64_t inputs = Signed(dataset.inputs);
  for (std::int64_t l = 0; l < options.depth; ++l) {
    layers->push_back(torch::nn::Linear(inputs, options.width));
    layers->push_back(torch::nn::LayerNorm(torch::nn::LayerNormOptions({options.width})
                                               .eps(options.eps)
                                               .elementwise_affine(options.affine)));
    inputs = options.width;
  }
  layers->push_back(torch::nn::Linear(inputs, Signed(dataset.outputs)));
  return layers;
}

}  // namespace

struct TorchStep::State {
  model::ParameterLayout layout;
  torch::nn::Sequential network;
  std::unique_ptr<torch::optim::Optimizer> optimizer;
  torch::Tensor x, labels;
};

TorchStep::TorchStep(const train::RunConfig& config, const data::Dataset& dataset,
                     const model::ParameterLayout& layout, std::span<const float> parameters)
    : state_(new State{layout, MakeNetwork(config.model, dataset), nullptr, {}, {}}) {
  torch::set_num_threads(1);
  torch::NoGradGuard no_gradients;
  // Both list weight, bias of linear 0, of norm 0, of linear 1, ...
  std::size_t next = 0;
  for (torch::Tensor& tensor : state_->network->parameters()) {
    const model::Tensor& from = layout.tensors()[next++];
    assert(Signed(from.size()) == tensor.numel());
    std::memcpy(tensor.data_ptr<float>(), &parameters[from.offset], from.size() * sizeof(float));
  }
  assert(next == layout.tensors().size());
  const data::Split& split = dataset.train;
  state_->x = torch::empty({Signed(split.points), Signed(dataset.inputs)});
  std::memcpy(state_->x.data_ptr<float>(), split.x.data(), split.x.size() * sizeof(float));
  state_->labels = torch::empty({Signed(split.points)}, torch::kInt64);
  for (std::size_t p = 0; p < split.points; ++p) {
    state_->labels.data_ptr<std::int64_t>()[p] = split.labels[p];
  }
  if (config.optim.optimizer == optim::Optimizer::kSgd) {
    state_->optimizer = std::make_unique<torch::optim::SGD>(
        state_->network->parameters(), torch::optim::SGDOptions(config.optim.lr));
  } else {
    state_->optimizer = std::make_unique<torch::optim::Adam>(
        state_->network->parameters(), torch::optim::AdamOptions(config.optim.lr));
  }
}

TorchStep::~TorchStep() = default;

double TorchStep::ForwardBackward() {
  state_->optimizer->zero_grad();
  const torch::Tensor loss =
      torch::nn::functional::cross_entropy(state_->network->forward(state_->x), state_->labels);
  loss.backward();
  return static_cast<double>(loss.item<float>());
}

void TorchStep::Update() { state_->optimizer->step(); }

std::vector<float> TorchStep::Gradients() const {
  std::vector<float> gradients(state_->layout.size(), 0.0f);
  std::size_t next = 0;
  for (const torch::Tensor& tensor : state_->network->parameters()) {
    const model::Tensor& to = state_->layout.tensors()[next++];
    std::memcpy(&gradients[to.offset], tensor.grad().data_ptr<float>(), to.size() * sizeof(float));
  }
  return gradients;
}

std::string TorchStep::Version() { return TORCH_VERSION; }

}  // namespace crease::benchmarks
