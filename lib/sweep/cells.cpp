#include "lib/sweep/cells.h"

#include <algorithm>
#include <cstddef>

namespace crease::sweep {
namespace {

bool Matches(const Exclusion& exclusion, const train::RunConfig& config) {
  for (std::size_t k = 0; k < exclusion.keys.size(); ++k) {
    const train::Value value = exclusion.keys[k]->get(config);
    const auto& alternatives = exclusion.values[k];
    if (std::find(alternatives.begin(), alternatives.end(), value) == alternatives.end()) {
      return false;
    }
  }
  return true;
}

struct Walk {
  const Spec& spec;
  const std::function<void(const train::RunConfig&)>& visit;
  train::RunConfig config;
  std::vector<std::int64_t> matches;

  void Visit() {
    bool excluded = false;
    for (std::size_t i = 0; i < spec.exclusions.size(); ++i) {
      if (!Matches(spec.exclusions[i], config)) continue;
      ++matches[i];
      excluded = true;
    }
    if (!excluded) visit(config);
  }

  void Along(std::size_t axis_index) {
    if (axis_index == spec.axes.size()) return Visit();
    const Axis& axis = spec.axes[axis_index];
    for (std::size_t position = 0; position < axis.values.front().size(); ++position) {
      for (std::size_t k = 0; k < axis.keys.size(); ++k) {
        axis.keys[k]->set(axis.values[k][position], config);
      }
      Along(axis_index + 1);
    }
  }
};

}  // namespace

std::int64_t CellCount(const std::vector<Axis>& axes, std::int64_t most) {
  std::int64_t count = 1;
  for (const Axis& axis : axes) {
    const auto length = static_cast<std::int64_t>(axis.values.front().size());
    if (length > most / count) return most + 1;
    count *= length;
  }
  return count;
}

std::vector<std::int64_t> ForEachCell(const Spec& spec,
                                      const std::function<void(const train::RunConfig&)>& visit) {
  Walk walk{.spec = spec,
            .visit = visit,
            .config = spec.base,
            .matches = std::vector<std::int64_t>(spec.exclusions.size(), 0)};
  walk.Along(0);
  return std::move(walk.matches);
}

}  // namespace crease::sweep
