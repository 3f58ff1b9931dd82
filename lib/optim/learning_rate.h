// The learning rate of each step under a schedule.
#pragma once

#include <cstdint>
#include <vector>

#include "lib/optim/options.h"

namespace crease::optim {

// Of update `step` (0 ... steps-1).
//   cosine         lr_min + (lr - lr_min) (1 + cos(pi step / steps)) / 2
//                  (Loshchilov, Hutter 2017; torch CosineAnnealingLR with T_max = steps)
//   step           lr gamma^floor(step / step_size) (torch StepLR)
//   warmup_cosine  lr (step + 1) / warmup_steps, then cosine over the steps that are left
double LearningRate(const Options& options, std::int64_t step, std::int64_t steps);

// Steps at which the learning rate jumps (schedule step), for tagging transitions.
std::vector<double> ScheduleChanges(const Options& options, std::int64_t steps);

}  // namespace crease::optim
