#include "lib/optim/learning_rate.h"

#include "lib/core/portable_math.h"

namespace crease::optim {
namespace {

double Cosine(const Options& options, std::int64_t step, std::int64_t steps) {
  const double share = static_cast<double>(step) / static_cast<double>(steps);
  return options.lr_min +
         (options.lr - options.lr_min) * 0.5 * (1.0 + portable::Cos(portable::kPi * share));
}

// By repeated squaring: few roundings, in one order, however many periods have passed.
double Power(double base, std::int64_t exponent) {
  double power = 1.0;
  for (; exponent > 0; exponent /= 2, base *= base) {
    if (exponent % 2 == 1) power *= base;
  }
  return power;
}

}  // namespace

double LearningRate(const Options& options, std::int64_t step, std::int64_t steps) {
  switch (options.schedule) {
    case Schedule::kConstant:
      return options.lr;
    case Schedule::kCosine:
      return Cosine(options, step, steps);
    case Schedule::kStep:
      return options.lr * Power(options.gamma, step / options.step_size);
    case Schedule::kWarmupCosine:
      if (step < options.warmup_steps) {
        return options.lr * static_cast<double>(step + 1) /
               static_cast<double>(options.warmup_steps);
      }
      return Cosine(options, step - options.warmup_steps, steps - options.warmup_steps);
  }
  return options.lr;
}

std::vector<double> ScheduleChanges(const Options& options, std::int64_t steps) {
  std::vector<double> changes;
  if (options.schedule != Schedule::kStep) return changes;
  for (std::int64_t step = options.step_size; step < steps; step += options.step_size) {
    changes.push_back(static_cast<double>(step));
  }
  return changes;
}

}  // namespace crease::optim
