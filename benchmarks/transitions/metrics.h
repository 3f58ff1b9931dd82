// How well detections agree with labels.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "benchmarks/transitions/generator.h"
#include "lib/detect/transition.h"

namespace crease::benchmarks {

// One label and one detection; indices into their lists.
struct Match {
  std::size_t label, detection;
};

// Pairs one to one, closest midpoints first, no further apart than the largest of half the
// label's width, 5 % of its midpoint and 10 steps.
std::vector<Match> MatchTransitions(std::span<const detect::Transition> labels,
                                    std::span<const detect::Transition> detections);

// Sums over curves; only transitions that are not tagged `schedule` count as detections.
class Score {
 public:
  void AddPositive(CurveClass curve_class, const std::vector<detect::Transition>& labels,
                   const std::vector<detect::Transition>& detections);
  void AddNegative(CurveClass curve_class, const std::vector<detect::Transition>& detections);
  void AddTime(double milliseconds) { milliseconds_.push_back(milliseconds); }

  double precision() const;
  double recall() const;
  double f1() const;
  double false_alarms_per_1000() const;
  // |ln(onset found / onset true)| over the matches.
  double OnsetError(double quantile) const;
  double DropError(double quantile) const;  // |found / true - 1|
  double Milliseconds(double quantile) const;

  struct Counts {
    std::size_t curves = 0, events = 0, found = 0, detections = 0;
    double recall() const;
    double false_alarms_per_1000() const;  // detections of nothing, by curve
  };
  const Counts& Of(CurveClass curve_class) const {
    return counts_[static_cast<std::size_t>(curve_class)];
  }
  // Recall of transitions of < 0.5 nats, 0.5-1, more.
  std::array<double, 3> RecallByDrop() const;

 private:
  Counts Total(bool positive) const;

  static constexpr std::size_t kClasses = kPositives.size() + kNegatives.size();
  std::array<Counts, kClasses> counts_ = {};
  // Events and found ones by drop: < 0.5 nats, < 1, more.
  std::array<Counts, 3> by_drop_ = {};
  std::vector<double> onset_errors_, drop_errors_, milliseconds_;
};

}  // namespace crease::benchmarks
