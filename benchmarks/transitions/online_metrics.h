// How early and how reliably alarms tell of labelled transitions.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "benchmarks/transitions/generator.h"
#include "lib/detect/online.h"

namespace crease::benchmarks {

// One label and one alarm; indices into their lists.
struct AlarmMatch {
  std::size_t label, alarm;
};

// An alarm matches a label if it comes between onset - max(W/2, 5 % of the midpoint, 10 steps),
// the margin that the offline detector's midpoints have, and end + max(W, 5 %, 10 steps), with W
// the label's width. Alarms are taken in time, each by the first such label that has none yet.
// What is left over is false: further alarms on the same label, too.
std::vector<AlarmMatch> MatchAlarms(std::span<const detect::Transition> labels,
                                    std::span<const detect::Alarm> alarms);

// Sums over curves; alarms tagged `schedule` do not count.
class OnlineScore {
 public:
  void Add(CurveClass curve_class, const std::vector<detect::Transition>& labels,
           const std::vector<detect::Alarm>& alarms);
  // CPU time of feeding `samples` samples.
  void AddTime(double nanoseconds, std::size_t samples);

  double recall() const;
  double precision() const;  // on curves that have transitions
  double false_alarms_per_1000() const;
  // From the label's onset to the alarm, over the matches. Negative: before the onset.
  double DelayInWidths(double quantile) const;
  double DelayInSteps(double quantile) const;
  double share_before_end() const;  // of the matches
  double nanoseconds_a_step() const;

  std::string Markdown() const;
  std::string Json() const;

 private:
  struct Counts {
    std::size_t curves = 0, events = 0, found = 0, alarms = 0;
    std::vector<double> delays = {};  // in widths
  };
  Counts Total(bool positive) const;

  static constexpr std::size_t kClasses = kPositives.size() + kNegatives.size();
  std::array<Counts, kClasses> counts_ = {};
  // Events and found ones by drop: < 0.5 nats, < 1, more.
  std::array<Counts, 3> by_drop_ = {};
  std::vector<double> delays_in_steps_;
  std::size_t before_end_ = 0, samples_ = 0;
  double nanoseconds_ = 0;
};

}  // namespace crease::benchmarks
