// How well detections agree with labels.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
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

  std::string Markdown() const;
  std::string Json() const;

 private:
  struct Counts {
    std::size_t curves = 0, events = 0, found = 0, detections = 0;
  };
  Counts Total(bool positive) const;

  static constexpr std::size_t kClasses = kPositives.size() + kNegatives.size();
  std::array<Counts, kClasses> counts_ = {};
  // Events and found ones by drop: < 0.5 nats, < 1, more.
  std::array<Counts, 3> by_drop_ = {};
  std::vector<double> onset_errors_, drop_errors_, milliseconds_;
};

}  // namespace crease::benchmarks
