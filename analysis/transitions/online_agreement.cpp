#include "analysis/transitions/online_agreement.h"

#include <algorithm>
#include <cstddef>

namespace crease::transitions {
namespace {

bool InTime(const detect::Alarm& alarm, const detect::Transition& t) {
  const double least = std::max(0.05 * t.midpoint_step, 10.0);
  return alarm.step >= t.onset_step - std::max(0.5 * t.width_steps, least) &&
         alarm.step <= t.end_step + std::max(t.width_steps, least);
}

}  // namespace

std::vector<detect::Alarm> IntrinsicAlarms(std::span<const double> steps,
                                           std::span<const float> losses,
                                           const std::vector<double>& schedule_changes) {
  detect::OnlineDetector detector;
  std::vector<detect::Alarm> alarms;
  auto change = schedule_changes.begin();
  for (std::size_t i = 0; i < steps.size(); ++i) {
    for (; change != schedule_changes.end() && *change <= steps[i]; ++change) {
      detector.AnnounceScheduleChange();
    }
    const auto alarm = detector.Add(steps[i], losses[i]);
    if (alarm && !alarm->schedule) alarms.push_back(*alarm);
  }
  return alarms;
}

void OnlineAgreement::Add(std::span<const detect::Transition> found,
                          std::span<const detect::Alarm> raised) {
  transitions += std::ssize(found);
  alarms += std::ssize(raised);
  std::vector<char> taken(found.size(), 0);
  for (const detect::Alarm& alarm : raised) {
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (taken[i] || !InTime(alarm, found[i])) continue;
      taken[i] = 1;
      ++matches;
      delays_in_widths.push_back((alarm.step - found[i].onset_step) / found[i].width_steps);
      break;
    }
  }
}

void OnlineAgreement::Add(const OnlineAgreement& other) {
  transitions += other.transitions;
  alarms += other.alarms;
  matches += other.matches;
  delays_in_widths.insert(delays_in_widths.end(), other.delays_in_widths.begin(),
                          other.delays_in_widths.end());
}

}  // namespace crease::transitions
