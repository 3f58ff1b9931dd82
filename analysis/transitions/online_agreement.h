// In: loss curves and the transitions that the offline detector finds in them. Out: what the online
// detector would have said while they came.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lib/detect/online.h"
#include "lib/detect/transition.h"

namespace crease::transitions {

// Its alarms at default settings, those near the given changes of the schedule left out.
std::vector<detect::Alarm> IntrinsicAlarms(std::span<const double> steps,
                                           std::span<const float> losses,
                                           const std::vector<double>& schedule_changes);

// How far both agree over many curves. An alarm belongs to the first transition without one that
// it comes in time for: from max(half its width, 5 % of its midpoint, 10 steps) before its onset to
// max(its width, 5 %, 10 steps) after its end.
struct OnlineAgreement {
  std::int64_t transitions = 0, alarms = 0, matches = 0;
  std::vector<double> delays_in_widths;  // of the matches, from onset to alarm

  void Add(std::span<const detect::Transition> found, std::span<const detect::Alarm> raised);
  void Add(const OnlineAgreement& other);
};

}  // namespace crease::transitions
