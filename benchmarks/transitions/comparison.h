// In: scores of several detectors on the same curves. Out: one table.
#pragma once

#include <string>
#include <vector>

#include "benchmarks/transitions/metrics.h"

namespace crease::benchmarks {

struct NamedScore {
  std::string name;
  const Score* score;
};

// Totals by detector; recall (classes with transitions) and false alarms per 1,000 curves (those
// without) by class and detector; recall by drop.
std::string ComparisonMarkdown(const std::vector<NamedScore>& scores);

// {"detectors": {name: {...}}}
std::string ComparisonJson(const std::vector<NamedScore>& scores);

}  // namespace crease::benchmarks
