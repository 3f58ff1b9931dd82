#include "benchmarks/transitions/calibration.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <vector>

#include "lib/detect/offline.h"

namespace crease::benchmarks {
namespace {

constexpr std::array kLevels = {0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2};

double LeastPValue(const LabelledCurve& curve) {
  detect::OfflineOptions options;
  options.schedule_changes = curve.schedule_changes;
  options.minimum_z = 0;
  options.maximum_p_value = 1;
  double least = 1;
  for (const auto& t : detect::FindTransitions(curve.steps, curve.losses, options).transitions) {
    if (!t.schedule) least = std::min(least, t.p_value);
  }
  return least;
}

std::string Row(const std::string& name, const std::vector<double>& p_values) {
  char cell[64];
  std::snprintf(cell, sizeof cell, " | %zu", p_values.size());
  std::string row = "| ";
  row.append(name).append(cell);
  for (const double level : kLevels) {
    const auto below =
        std::count_if(p_values.begin(), p_values.end(), [&](double p) { return p <= level; });
    std::snprintf(cell, sizeof cell, " | %.4f",
                  static_cast<double>(below) / static_cast<double>(p_values.size()));
    row += cell;
  }
  return row.append(" |\n");
}

}  // namespace

std::string Calibration(std::uint64_t seed, std::uint32_t curves, const CurveOptions& options) {
  std::string text = "| share of curves with p at most | curves", line = "|---|---";
  for (const double level : kLevels) {
    char cell[32];
    std::snprintf(cell, sizeof cell, " | %g", level);
    text += cell;
    line += "|---";
  }
  text.append(" |\n").append(line).append("|\n");
  std::vector<double> all;
  std::string rows;
  for (const CurveClass curve_class : kNegatives) {
    std::vector<double> own;
    for (std::uint32_t i = 0; i < curves / kNegatives.size(); ++i) {
      own.push_back(LeastPValue(MakeCurve(seed, curve_class, i, options)));
    }
    all.insert(all.end(), own.begin(), own.end());
    rows += Row(ShortName(curve_class), own);
  }
  return text + Row("all", all) + rows;
}

}  // namespace crease::benchmarks
