#include "benchmarks/transitions/metrics.h"

#include <algorithm>
#include <cmath>

namespace crease::benchmarks {
namespace {

double Quantile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1) + 0.5)];
}

double Ratio(std::size_t part, std::size_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

std::vector<Match> MatchTransitions(std::span<const detect::Transition> labels,
                                    std::span<const detect::Transition> detections) {
  struct Pair {
    double distance;
    Match match;
  };
  std::vector<Pair> pairs;
  for (std::size_t l = 0; l < labels.size(); ++l) {
    const double margin =
        std::max({0.5 * labels[l].width_steps, 0.05 * labels[l].midpoint_step, 10.0});
    for (std::size_t d = 0; d < detections.size(); ++d) {
      const double distance = std::abs(labels[l].midpoint_step - detections[d].midpoint_step);
      if (distance <= margin) pairs.push_back({distance, {l, d}});
    }
  }
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const Pair& a, const Pair& b) { return a.distance < b.distance; });
  std::vector<Match> matches;
  std::vector<char> label_taken(labels.size(), 0), detection_taken(detections.size(), 0);
  for (const Pair& pair : pairs) {
    if (label_taken[pair.match.label] || detection_taken[pair.match.detection]) continue;
    label_taken[pair.match.label] = detection_taken[pair.match.detection] = 1;
    matches.push_back(pair.match);
  }
  return matches;
}

void Score::AddPositive(CurveClass curve_class, const std::vector<detect::Transition>& labels,
                        const std::vector<detect::Transition>& detections) {
  std::vector<detect::Transition> intrinsic;
  std::copy_if(detections.begin(), detections.end(), std::back_inserter(intrinsic),
               [](const detect::Transition& t) { return !t.schedule; });
  const std::vector<Match> matches = MatchTransitions(labels, intrinsic);
  Counts& counts = counts_[static_cast<std::size_t>(curve_class)];
  ++counts.curves;
  counts.events += labels.size();
  counts.found += matches.size();
  counts.detections += intrinsic.size();
  const auto band = [](double drop) { return drop < 0.5 ? 0u : drop < 1 ? 1u : 2u; };
  for (const detect::Transition& label : labels) ++by_drop_[band(label.drop_nats)].events;
  for (const Match& match : matches) {
    const detect::Transition &label = labels[match.label], &found = intrinsic[match.detection];
    ++by_drop_[band(label.drop_nats)].found;
    onset_errors_.push_back(std::abs(std::log(found.onset_step / label.onset_step)));
    drop_errors_.push_back(std::abs(found.drop_nats / label.drop_nats - 1));
  }
}

void Score::AddNegative(CurveClass curve_class, const std::vector<detect::Transition>& detections) {
  Counts& counts = counts_[static_cast<std::size_t>(curve_class)];
  ++counts.curves;
  for (const detect::Transition& t : detections) counts.detections += t.schedule ? 0 : 1;
}

Score::Counts Score::Total(bool positive) const {
  Counts total;
  for (std::size_t c = 0; c < kClasses; ++c) {
    if ((c < kPositives.size()) != positive) continue;
    total.curves += counts_[c].curves;
    total.events += counts_[c].events;
    total.found += counts_[c].found;
    total.detections += counts_[c].detections;
  }
  return total;
}

double Score::precision() const { return Ratio(Total(true).found, Total(true).detections); }
double Score::recall() const { return Ratio(Total(true).found, Total(true).events); }
double Score::f1() const {
  const double sum = precision() + recall();
  return sum > 0 ? 2 * precision() * recall() / sum : 0;
}
double Score::false_alarms_per_1000() const {
  return 1000 * Ratio(Total(false).detections, Total(false).curves);
}
double Score::OnsetError(double quantile) const { return Quantile(onset_errors_, quantile); }
double Score::DropError(double quantile) const { return Quantile(drop_errors_, quantile); }
double Score::Milliseconds(double quantile) const { return Quantile(milliseconds_, quantile); }

double Score::Counts::recall() const { return Ratio(found, events); }
double Score::Counts::false_alarms_per_1000() const {
  return 1000 * Ratio(detections - found, curves);
}

std::array<double, 3> Score::RecallByDrop() const {
  std::array<double, 3> recall;
  for (std::size_t band = 0; band < recall.size(); ++band) {
    recall[band] = Ratio(by_drop_[band].found, by_drop_[band].events);
  }
  return recall;
}

}  // namespace crease::benchmarks
