// In: a whole loss curve. Out: its transitions, or why there is no verdict.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "lib/detect/transition.h"

namespace crease::detect {

struct OfflineOptions {
  double contrast = 3.0;  // C: r must fall below peak/C on the left
  double minimum_drop_nats = 0.2;
  // Significance. The first rules long curves, the second short ones, whose noise is hard to tell.
  double minimum_z = 3.0;
  double maximum_p_value = 0.02;
  double plateau_share = 0.25;  // plateau before >= this share of the width
  bool rising = false;          // look for sudden rises (accuracy) instead
  // Steps at which learning rate, batch or data change: transitions near them are tagged.
  std::vector<double> schedule_changes = {};
};

struct Detection {
  std::vector<Transition> transitions;  // by onset
  std::string no_verdict;               // "" or the reason why nothing can be said
};

// `steps` (increasing; uneven spacing allowed) and `values` have the same length. Values that
// are not finite or not positive are skipped. Deterministic; thread-safe.
Detection FindTransitions(std::span<const double> steps, std::span<const float> values,
                          const OfflineOptions& options = {});

}  // namespace crease::detect
