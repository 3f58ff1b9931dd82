// The updater against plain double implementations of the algorithms on torch.optim's pages, over
// 200 steps of gradients that are given (so that rounding differences do not feed back).
#include "lib/optim/updater.h"

#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "lib/core/random.h"
#include "lib/optim/learning_rate.h"

namespace crease::optim {
namespace {

constexpr std::size_t kSize = 48;
constexpr std::int64_t kSteps = 200;

// Pages "SGD", "Adam" and "AdamW" of torch.optim, one parameter at a time.
class Plain {
 public:
  Plain(const Options& options, std::size_t size)
      : options_(options), momentum_(size), m_(size), v_(size) {}

  void Step(std::int64_t step, const std::vector<double>& gradients,
            std::vector<double>& parameters) {
    const double lr = LearningRate(options_, step, kSteps);
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      if (options_.optimizer == Optimizer::kSgd || options_.optimizer == Optimizer::kMomentum) {
        Sgd(step, lr, gradients[i], momentum_[i], parameters[i]);
      } else {
        Adam(step, lr, gradients[i], i, parameters[i]);
      }
    }
  }

 private:
  void Sgd(std::int64_t step, double lr, double g, double& buffer, double& theta) const {
    g += options_.weight_decay * theta;
    if (options_.optimizer == Optimizer::kMomentum) {
      buffer = step == 0 ? g : options_.momentum * buffer + g;
      g = buffer;
    }
    theta -= lr * g;
  }
  void Adam(std::int64_t step, double lr, double g, std::size_t i, double& theta) {
    if (options_.optimizer == Optimizer::kAdamW) {
      theta -= lr * options_.weight_decay * theta;
    } else {
      g += options_.weight_decay * theta;
    }
    m_[i] = options_.beta1 * m_[i] + (1 - options_.beta1) * g;
    v_[i] = options_.beta2 * v_[i] + (1 - options_.beta2) * g * g;
    const auto t = static_cast<double>(step + 1);
    const double m_hat = m_[i] / (1 - std::pow(options_.beta1, t));
    const double v_hat = v_[i] / (1 - std::pow(options_.beta2, t));
    theta -= lr * m_hat / (std::sqrt(v_hat) + options_.adam_eps);
  }

  Options options_;
  std::vector<double> momentum_, m_, v_;
};

// Of mixed sizes, with some entries that are always zero.
float Gradient(std::int64_t step, std::size_t i) {
  if (i % 7 == 3) return 0.0f;
  const RandomStream random(5, Purpose::kFreshPoints, static_cast<std::uint32_t>(step));
  return static_cast<float>(std::pow(10.0, static_cast<double>(i % 5) - 3.0) *
                            (0.3 + random.Normal(i)));
}

// The largest error of a parameter, in units of the largest parameter or 1.
double WorstError(const Options& options) {
  Updater updater(options, kSize, kSteps);
  Plain plain(options, kSize);
  AlignedVector<float> parameters(kSize), gradients(kSize);
  std::vector<double> exact(kSize), exact_gradients(kSize);
  const RandomStream random(6, Purpose::kParameters);
  for (std::size_t i = 0; i < kSize; ++i) {
    parameters[i] = static_cast<float>(random.Normal(i));
    exact[i] = static_cast<double>(parameters[i]);
  }
  double worst = 0.0;
  for (std::int64_t step = 0; step < kSteps; ++step) {
    for (std::size_t i = 0; i < kSize; ++i) {
      gradients[i] = Gradient(step, i);
      exact_gradients[i] = static_cast<double>(gradients[i]);
    }
    const AlignedVector<float> before = gradients;
    updater.Step(step, gradients, parameters);
    plain.Step(step, exact_gradients, exact);
    EXPECT_EQ(gradients, before);
    for (std::size_t i = 0; i < kSize; ++i) {
      worst = std::max(worst, std::abs(static_cast<double>(parameters[i]) - exact[i]) /
                                  std::max(1.0, std::abs(exact[i])));
    }
  }
  return worst;
}

// A step rounds the parameter once and the moments a few times: after 200 steps at most a few
// hundred roundings of 2^-24, and rarely all in one direction.
constexpr double kTolerance = 200 * 0x1p-24;

TEST(Updater, FollowsTheDocumentedAlgorithms) {
  for (const Optimizer optimizer :
       {Optimizer::kSgd, Optimizer::kMomentum, Optimizer::kAdam, Optimizer::kAdamW}) {
    for (const double decay : {0.0, 0.01, 0.3}) {
      for (const Schedule schedule :
           {Schedule::kConstant, Schedule::kCosine, Schedule::kStep, Schedule::kWarmupCosine}) {
        Options options;
        options.optimizer = optimizer;
        options.weight_decay = decay;
        options.schedule = schedule;
        options.lr = optimizer == Optimizer::kMomentum ? 0.005 : 0.02;
        options.step_size = 50;
        options.warmup_steps = 20;
        EXPECT_LE(WorstError(options), kTolerance)
            << "optimizer " << static_cast<int>(optimizer) << ", decay " << decay << ", schedule "
            << static_cast<int>(schedule);
      }
    }
  }
}

TEST(Updater, OtherBetasMomentaAndEps) {
  for (const Optimizer optimizer : {Optimizer::kMomentum, Optimizer::kAdam, Optimizer::kAdamW}) {
    Options options;
    options.optimizer = optimizer;
    options.momentum = 0.5;
    options.beta1 = 0.7;
    options.beta2 = 0.95;
    options.adam_eps = 1e-3;
    EXPECT_LE(WorstError(options), kTolerance) << static_cast<int>(optimizer);
  }
}

// Adam's first step is lr in the direction of the sign, however large the gradient.
TEST(Updater, AdamsFirstStepHasTheLengthOfTheLearningRate) {
  Options options;
  options.lr = 0.25;
  Updater updater(options, 16, 1);
  AlignedVector<float> p(16), g(16);
  for (std::size_t i = 0; i < 16; ++i) {
    g[i] = (i % 2 == 0 ? 1.0f : -1.0f) * std::pow(10.0f, static_cast<float>(i) - 3.0f);
  }
  updater.Step(0, g, p);
  for (std::size_t i = 0; i < 16; ++i) EXPECT_NEAR(p[i], i % 2 == 0 ? -0.25 : 0.25, 1e-5) << i;
}

TEST(Updater, ZeroGradientsMoveNothingWithoutDecay) {
  for (const Optimizer optimizer :
       {Optimizer::kSgd, Optimizer::kMomentum, Optimizer::kAdam, Optimizer::kAdamW}) {
    Options options;
    options.optimizer = optimizer;
    Updater updater(options, 16, 10);
    AlignedVector<float> p(16, 0.3f), g(16, 0.0f);
    for (std::int64_t step = 0; step < 10; ++step) updater.Step(step, g, p);
    EXPECT_EQ(p, AlignedVector<float>(16, 0.3f));
  }
}

}  // namespace
}  // namespace crease::optim
