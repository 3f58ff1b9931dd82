// crease transitions: detects the transitions of a store's runs, or of any curve, and prints them.
#include <algorithm>
#include <iostream>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "analysis/curve/cells.h"
#include "analysis/curve/curve.h"
#include "analysis/summary/catalog_runs.h"
#include "analysis/summary/summary.h"
#include "apps/commands.h"
#include "apps/exit_codes.h"
#include "apps/output.h"
#include "apps/report.h"
#include "apps/store_curves.h"
#include "apps/text.h"
#include "apps/transitions_request.h"
#include "lib/optim/learning_rate.h"
#include "lib/store/catalog.h"

namespace crease::apps {
namespace {

void PrintAsJson(const std::vector<TransitionRow>& rows, const Json& no_verdict) {
  Json list = Json::array();
  for (const auto& row : rows) {
    Json entry = Json::object();
    if (row.config != nullptr) entry["run_id"] = row.run_id;
    entry.update(ToJson(row.transition));
    list.push_back(std::move(entry));
  }
  PrintJson({{"transitions", list}, {"no_verdict", no_verdict}});
}

std::vector<detect::Detection> DetectAll(const TransitionsRequest& request,
                                         const std::vector<summary::CatalogRun>& runs) {
  std::vector<detect::Detection> detections(runs.size());
  VisitCurves(request.path, request.column, runs, [&](std::size_t run, auto steps, auto values) {
    detections[run] =
        detect::FindTransitions(steps, values, OptionsFor(request.detection, runs[run].config));
  });
  return detections;
}

int StoreTransitions(const TransitionsRequest& request) {
  const store::Catalog catalog(request.path);
  const auto runs = summary::ReadRuns(catalog);
  const auto detections =
      request.stored ? StoredDetections(catalog, runs) : DetectAll(request, runs);
  std::vector<TransitionRow> rows;
  std::vector<std::string> ids;
  std::vector<const train::RunConfig*> configs;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    ids.push_back(runs[i].run_id);
    configs.push_back(&runs[i].config);
    for (const auto& transition : detections[i].transitions) {
      rows.push_back({runs[i].run_id, &runs[i].config, transition});
    }
  }
  const Json no_verdict = TellNoVerdicts(runs, detections);
  if (request.json) {
    PrintAsJson(rows, no_verdict);
  } else if (rows.empty()) {
    Message("no transitions in " + Counted(std::ssize(runs), "run"));
  } else {
    PrintTransitions(Out(), rows, summary::VaryingKeys(configs), UnambiguousPrefix(ids));
  }
  return kDone;
}

// The logarithm of a curve that crosses zero says nothing of its drops.
std::string WhyNoLogarithm(const curve::Curve& curve) {
  const auto negative = std::count_if(curve.values.begin(), curve.values.end(),
                                      [](float value) { return value < 0; });
  if (10 * negative <= std::ssize(curve.values)) return "";
  return FormatCount(negative) + " of " + Counted(std::ssize(curve.values), "value") +
         " are negative, and drops are measured in the logarithm: add a constant to the values, or "
         "look for rises with --rising, which takes any";
}

int FileTransitions(const TransitionsRequest& request) {
  const curve::Curve curve = ReadCurve(request);
  detect::Detection detection;
  if (!request.detection.rising) detection.no_verdict = WhyNoLogarithm(curve);
  if (detection.no_verdict.empty()) {
    detection = detect::FindTransitions(curve.steps, curve.values, request.detection);
  }
  std::vector<TransitionRow> rows;
  for (detect::Transition& transition : detection.transitions) {
    for (double* loss :
         {&transition.loss_before, &transition.loss_after, &transition.plateau_loss}) {
      *loss *= curve.unit;
    }
    rows.push_back({"", nullptr, transition});
  }
  if (!detection.no_verdict.empty()) Message("no verdict: " + detection.no_verdict);
  if (request.json) {
    PrintAsJson(rows, detection.no_verdict.empty() ? Json() : Json(detection.no_verdict));
  } else if (!rows.empty()) {
    PrintTransitions(Out(), rows, {}, 0);
  } else if (detection.no_verdict.empty()) {
    Message("no transitions in " + Counted(std::ssize(curve.values), "value"));
  }
  return kDone;
}

}  // namespace

detect::OfflineOptions OptionsFor(const detect::OfflineOptions& chosen,
                                  const train::RunConfig& config) {
  detect::OfflineOptions options = chosen;
  options.schedule_changes = optim::ScheduleChanges(config.optim, config.steps);
  return options;
}

Json TellNoVerdicts(const std::vector<summary::CatalogRun>& runs,
                    const std::vector<detect::Detection>& detections) {
  std::map<std::string, std::vector<std::string>> by_reason;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const std::string& reason = detections[i].no_verdict;
    if (!reason.empty()) by_reason[reason].push_back(runs[i].run_id);
  }
  Json list = Json::array();
  for (const auto& [reason, ids] : by_reason) {
    Message("no verdict on " + Counted(std::ssize(ids), "run") + ": " + reason + " (" +
            ids.front() + (ids.size() > 1 ? ", ...)" : ")"));
    for (const auto& id : ids) list.push_back({{"run_id", id}, {"reason", reason}});
  }
  return list;
}

std::vector<detect::Detection> StoredDetections(const store::Catalog& catalog,
                                                const std::vector<summary::CatalogRun>& runs) {
  const summary::TransitionsByRun transitions = summary::ReadTransitions(catalog);
  std::vector<detect::Detection> detections(runs.size());
  for (std::size_t i = 0; i < runs.size(); ++i) {
    detections[i].no_verdict = runs[i].no_verdict;
    const auto found = transitions.find(runs[i].run_id);
    if (found == transitions.end()) continue;
    for (const auto& row : found->second) detections[i].transitions.push_back(row.transition);
  }
  return detections;
}

curve::Curve ReadCurve(const TransitionsRequest& request) {
  const curve::CsvOptions columns = {.column = request.column, .step_column = request.step_column};
  const bool standard_input = request.path == "-";
  const std::string name = standard_input ? "standard input" : request.path;
  curve::Curve curve =
      standard_input ? curve::ReadCsv(std::cin, name, columns) : curve::ReadCsv(name, columns);
  const auto tell = [&](std::size_t rows, const std::string& why) {
    if (rows == 0) return;
    Message("skipped " + Counted(static_cast<std::int64_t>(rows), "row") + " of " + name + why);
  };
  if (curve.is_guess) {
    Message("read column '" + curve::Printable(curve.column) + "' of " + name +
            "; --column names another");
  }
  tell(curve.skipped_rows, " without a number");
  tell(curve.superseded_rows, ": from line " + std::to_string(curve.first_superseding_line) +
                                  " on, their steps are logged again (a run resumed?)");
  tell(curve.extreme_rows, ", too large or too small beside the others");
  return curve;
}

int TransitionsCommand(const Words& words) {
  TransitionsRequest request;
  if (!ParseTransitions(words, request)) return kDone;
  if (request.sensitivity) return VarySettings(request);
  if (!request.by.empty()) return CompareTransitions(request);
  return request.is_store ? StoreTransitions(request) : FileTransitions(request);
}

}  // namespace crease::apps
