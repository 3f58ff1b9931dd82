#include "lib/optim/updater.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "lib/kernels/update.h"
#include "lib/optim/learning_rate.h"

namespace crease::optim {

Updater::Updater(const Options& options, std::size_t size, std::int64_t steps)
    : options_(options), steps_(steps) {
  if (options.optimizer != Optimizer::kSgd) first_moment_.resize(size);
  if (options.optimizer == Optimizer::kAdam || options.optimizer == Optimizer::kAdamW) {
    second_moment_.resize(size);
  }
}

void Updater::Step(std::int64_t step, std::span<const float> gradients,
                   std::span<float> parameters) {
  assert(gradients.size() == parameters.size() && gradients.size() % kLanes == 0);
  const double lr = LearningRate(options_, step, steps_);
  if (!second_moment_.empty()) return Adam(lr, gradients, parameters);
  kernels::SgdStep sgd;
  sgd.lr = static_cast<float>(lr);
  sgd.weight_decay = static_cast<float>(options_.weight_decay);
  sgd.momentum = first_moment_.empty() ? 0.0f : static_cast<float>(options_.momentum);
  sgd.first = step == 0;
  kernels::SgdUpdate(sgd, parameters.size(), gradients.data(), first_moment_.data(),
                     parameters.data());
}

void Updater::Resume(std::int64_t updates, std::span<const float> first_moment,
                     std::span<const float> second_moment) {
  assert(first_moment.size() == first_moment_.size());
  assert(second_moment.size() == second_moment_.size());
  std::copy(first_moment.begin(), first_moment.end(), first_moment_.begin());
  std::copy(second_moment.begin(), second_moment.end(), second_moment_.begin());
  beta1_power_ = beta2_power_ = 1.0;
  if (second_moment_.empty()) return;
  // As the updates did it: a power computed otherwise may differ in its last bit.
  for (std::int64_t k = 0; k < updates; ++k) {
    beta1_power_ *= options_.beta1;
    beta2_power_ *= options_.beta2;
  }
}

void Updater::Adam(double lr, std::span<const float> gradients, std::span<float> parameters) {
  beta1_power_ *= options_.beta1;
  beta2_power_ *= options_.beta2;
  kernels::AdamStep adam;
  adam.lr_over_correction1 = static_cast<float>(lr / (1.0 - beta1_power_));
  adam.sqrt_correction2 = static_cast<float>(std::sqrt(1.0 - beta2_power_));
  adam.beta1 = static_cast<float>(options_.beta1);
  adam.one_minus_beta1 = static_cast<float>(1.0 - options_.beta1);
  adam.beta2 = static_cast<float>(options_.beta2);
  adam.one_minus_beta2 = static_cast<float>(1.0 - options_.beta2);
  adam.eps = static_cast<float>(options_.adam_eps);
  if (options_.optimizer == Optimizer::kAdamW) {
    adam.decoupled_factor = static_cast<float>(1.0 - lr * options_.weight_decay);
  } else {
    adam.coupled_decay = static_cast<float>(options_.weight_decay);
  }
  kernels::AdamUpdate(adam, parameters.size(), gradients.data(), first_moment_.data(),
                      second_moment_.data(), parameters.data());
}

}  // namespace crease::optim
