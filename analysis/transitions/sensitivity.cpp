#include "analysis/transitions/sensitivity.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace crease::transitions {
namespace {

struct Range {
  const char* name;
  double detect::OfflineOptions::*field;
  std::vector<double> values;
};

const std::vector<Range>& Ranges() {
  static const std::vector<Range> ranges = {
      {"minimum-z", &detect::OfflineOptions::minimum_z, {3, 3.5, 4, 5, 6, 8}},
      {"maximum-p", &detect::OfflineOptions::maximum_p_value, {0.001, 0.003, 0.01, 0.02, 0.1, 1}},
      {"minimum-drop", &detect::OfflineOptions::minimum_drop_nats, {0.1, 0.2, 0.3, 0.5, 1}},
      {"contrast", &detect::OfflineOptions::contrast, {2, 3, 4, 5}},
      {"plateau-share", &detect::OfflineOptions::plateau_share, {0.1, 0.25, 0.5, 1}},
  };
  return ranges;
}

}  // namespace

std::vector<Setting> SettingsAround(const detect::OfflineOptions& base) {
  std::vector<Setting> settings;
  for (const Range& range : Ranges()) {
    std::vector<double> values = range.values;
    const double own = base.*range.field;
    if (std::find(values.begin(), values.end(), own) == values.end()) {
      values.insert(std::upper_bound(values.begin(), values.end(), own), own);
    }
    for (const double value : values) {
      Setting setting{range.name, value, value == own, base};
      setting.options.*range.field = value;
      settings.push_back(std::move(setting));
    }
  }
  return settings;
}

std::int64_t CountMatches(std::span<const detect::Transition> a,
                          std::span<const detect::Transition> b) {
  struct Pair {
    double distance;
    std::size_t a, b;
  };
  std::vector<Pair> pairs;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double margin = std::max({0.5 * a[i].width_steps, 0.05 * a[i].midpoint_step, 10.0});
    for (std::size_t j = 0; j < b.size(); ++j) {
      const double distance = std::abs(a[i].midpoint_step - b[j].midpoint_step);
      if (distance <= margin) pairs.push_back({distance, i, j});
    }
  }
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const Pair& x, const Pair& y) { return x.distance < y.distance; });
  std::vector<char> taken_a(a.size(), 0), taken_b(b.size(), 0);
  std::int64_t matches = 0;
  for (const Pair& pair : pairs) {
    if (taken_a[pair.a] || taken_b[pair.b]) continue;
    taken_a[pair.a] = taken_b[pair.b] = 1;
    ++matches;
  }
  return matches;
}

void Sensitivity::Add(std::span<const detect::Transition> base,
                      std::span<const detect::Transition> found) {
  transitions += std::ssize(found);
  runs_with_one += !found.empty();
  base_transitions += std::ssize(base);
  matches += CountMatches(base, found);
}

void Sensitivity::Add(const Sensitivity& other) {
  transitions += other.transitions;
  runs_with_one += other.runs_with_one;
  base_transitions += other.base_transitions;
  matches += other.matches;
}

double Sensitivity::agreement() const {
  const std::int64_t either = base_transitions + transitions - matches;
  return either == 0 ? std::nan("") : static_cast<double>(matches) / static_cast<double>(either);
}

}  // namespace crease::transitions
