#include "benchmarks/transitions/comparison.h"

#include <cstdio>

#include <nlohmann/json.hpp>

namespace crease::benchmarks {
namespace {

template <typename... Arguments>
std::string Format(const char* format, Arguments... arguments) {
  char line[256];
  std::snprintf(line, sizeof line, format, arguments...);
  return line;
}

template <typename Classes, typename CellOf>
std::string ByClass(const std::vector<NamedScore>& scores, const Classes& classes,
                    const char* title, const CellOf& cell) {
  std::string text = Format("\n| %s |", title), line = "\n|---|";
  for (const CurveClass curve_class : classes) {
    text += Format(" %s |", ShortName(curve_class).c_str());
    line += "---|";
  }
  text.append(line).append("\n");
  for (const auto& [name, score] : scores) {
    text += Format("| %s |", name.c_str());
    for (const CurveClass curve_class : classes) text += cell(score->Of(curve_class));
    text += "\n";
  }
  return text;
}

}  // namespace

std::string ComparisonMarkdown(const std::vector<NamedScore>& scores) {
  std::string text =
      "| detector | precision | recall | F1 | onset median / p90 | drop median / p90 | false "
      "alarms / 1,000 | ms median / p99 |\n|---|---|---|---|---|---|---|---|\n";
  for (const auto& [name, s] : scores) {
    text += Format("| %s", name.c_str());
    text += Format(" | %.3f | %.3f | %.3f | %.3f / %.3f | %.3f / %.3f | %.1f | %.2f / %.2f |\n",
                   s->precision(), s->recall(), s->f1(), s->OnsetError(0.5), s->OnsetError(0.9),
                   s->DropError(0.5), s->DropError(0.9), s->false_alarms_per_1000(),
                   s->Milliseconds(0.5), s->Milliseconds(0.99));
  }
  text += ByClass(scores, kPositives, "recall",
                  [](const Score::Counts& n) { return Format(" %.3f |", n.recall()); });
  text += ByClass(scores, kNegatives, "false alarms / 1,000", [](const Score::Counts& n) {
    return Format(" %.1f |", n.false_alarms_per_1000());
  });
  text += "\n| recall by drop | < 0.5 nats | 0.5-1 | >= 1 |\n|---|---|---|---|\n";
  for (const auto& [name, score] : scores) {
    const auto recall = score->RecallByDrop();
    text += Format("| %s | %.3f | %.3f | %.3f |\n", name.c_str(), recall[0], recall[1], recall[2]);
  }
  return text;
}

std::string ComparisonJson(const std::vector<NamedScore>& scores) {
  nlohmann::ordered_json detectors;
  for (const auto& [name, s] : scores) {
    nlohmann::ordered_json& entry = detectors[name];
    entry = {{"precision", s->precision()},
             {"recall", s->recall()},
             {"f1", s->f1()},
             {"onset_error_median", s->OnsetError(0.5)},
             {"onset_error_p90", s->OnsetError(0.9)},
             {"drop_error_median", s->DropError(0.5)},
             {"drop_error_p90", s->DropError(0.9)},
             {"false_alarms_per_1000", s->false_alarms_per_1000()},
             {"milliseconds_median", s->Milliseconds(0.5)},
             {"milliseconds_p99", s->Milliseconds(0.99)},
             {"recall_by_drop", s->RecallByDrop()}};
    const auto add = [&](CurveClass curve_class) {
      const Score::Counts& n = s->Of(curve_class);
      entry["classes"][ShortName(curve_class)] = {{"curves", n.curves},
                                                  {"events", n.events},
                                                  {"found", n.found},
                                                  {"detections", n.detections}};
    };
    for (const CurveClass curve_class : kPositives) add(curve_class);
    for (const CurveClass curve_class : kNegatives) add(curve_class);
  }
  return nlohmann::ordered_json{{"detectors", detectors}}.dump(2) + "\n";
}

}  // namespace crease::benchmarks
