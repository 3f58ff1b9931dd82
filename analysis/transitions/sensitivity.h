// In: detections with settings that vary one by one. Out: how much depends on each setting.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lib/detect/offline.h"
#include "lib/detect/transition.h"

namespace crease::transitions {

struct Setting {
  std::string name;  // "minimum-z", "maximum-p", "minimum-drop", "contrast", "plateau-share"
  double value = 0;
  bool is_base = false;  // as the base has it: all such settings find the same
  detect::OfflineOptions options;
};

// Each of the five settings through a range around its default, the others as `base` has them; the
// base's own values are among them. By name, then by value.
std::vector<Setting> SettingsAround(const detect::OfflineOptions& base);

// How many of `b` are the same events as one of `a`: one to one, closest midpoints first, no
// further apart than the largest of half the width of a's, 5 % of its midpoint and 10 steps.
std::int64_t CountMatches(std::span<const detect::Transition> a,
                          std::span<const detect::Transition> b);

// What a setting finds in many curves, beside what the base finds.
struct Sensitivity {
  std::int64_t transitions = 0, runs_with_one = 0;
  std::int64_t base_transitions = 0, matches = 0;

  void Add(std::span<const detect::Transition> base, std::span<const detect::Transition> found);
  void Add(const Sensitivity& other);
  // Jaccard's index: events that both find, of those that either finds. NaN if there are none.
  double agreement() const;
};

}  // namespace crease::transitions
