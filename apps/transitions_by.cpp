// crease transitions STORE --by KEYS: cells compared.
#include <cerrno>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "analysis/transitions/aligned.h"
#include "analysis/transitions/cells.h"
#include "apps/exit_codes.h"
#include "apps/output.h"
#include "apps/store_curves.h"
#include "apps/transitions_request.h"
#include "apps/transitions_tables.h"
#include "lib/core/error.h"

namespace crease::apps {
namespace {

struct Findings {
  std::vector<detect::Detection> detections;       // by run
  std::vector<transitions::AlignedCurve> aligned;  // by run; empty of runs without a transition
};

void AlignAtFirst(const detect::Detection& detection, std::span<const double> steps,
                  std::span<const float> values, transitions::AlignedCurve& aligned) {
  const auto found = transitions::Intrinsic(detection);
  if (!found.empty()) aligned = transitions::Align(steps, values, found.front());
}

Findings Detect(const TransitionsRequest& request, const std::vector<summary::CatalogRun>& runs) {
  Findings findings{std::vector<detect::Detection>(runs.size()),
                    std::vector<transitions::AlignedCurve>(runs.size())};
  VisitCurves(request.path, request.column, runs, [&](std::size_t run, auto steps, auto values) {
    detect::Detection& detection = findings.detections[run];
    detection =
        detect::FindTransitions(steps, values, OptionsFor(request.detection, runs[run].config));
    AlignAtFirst(detection, steps, values, findings.aligned[run]);
  });
  return findings;
}

Findings TakeStored(const TransitionsRequest& request, const store::Catalog& catalog,
                    const std::vector<summary::CatalogRun>& runs) {
  Findings findings{StoredDetections(catalog, runs),
                    std::vector<transitions::AlignedCurve>(runs.size())};
  if (!request.json && request.curves_path.empty()) return findings;
  std::vector<std::size_t> with_transition;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (!findings.detections[i].transitions.empty()) with_transition.push_back(i);
  }
  VisitCurves(request.path, "", runs, with_transition,
              [&](std::size_t run, auto steps, auto values) {
                AlignAtFirst(findings.detections[run], steps, values, findings.aligned[run]);
              });
  return findings;
}

std::vector<std::vector<transitions::AlignedPoint>> AlignedByCell(
    const transitions::Comparison& comparison, const Findings& findings) {
  std::vector<std::vector<transitions::AlignedPoint>> by_cell;
  for (const transitions::Cell& cell : comparison.cells) {
    std::vector<const transitions::AlignedCurve*> curves;
    for (const std::size_t run : cell.members) {
      if (!findings.aligned[run].log_value.empty()) curves.push_back(&findings.aligned[run]);
    }
    by_cell.push_back(transitions::Summarize(curves));
  }
  return by_cell;
}

void WriteText(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  if (file) file << text << std::flush;
  if (!file) throw SystemErrorFromErrno(path, "cannot be written", errno);
}

void WriteCurves(const std::string& path, const ComparisonReport& report) {
  const bool csv = path.ends_with(".csv");
  WriteText(path, csv ? AlignedAsCsv(report) : CurvesAsJson(report).dump(1) + "\n");
  Message("wrote " + path);
}

}  // namespace

int CompareTransitions(const TransitionsRequest& request) {
  const store::Catalog catalog(request.path);
  const auto runs = summary::ReadRuns(catalog);
  const Findings findings =
      request.stored ? TakeStored(request, catalog, runs) : Detect(request, runs);
  const transitions::Comparison comparison =
      transitions::CompareCells(runs, findings.detections, request.by);
  const auto aligned = AlignedByCell(comparison, findings);
  const std::string column = request.column.empty() ? "loss" : request.column;
  const ComparisonReport report{comparison, runs, aligned, column};
  const Json no_verdict = TellNoVerdicts(runs, findings.detections);
  if (request.json) {
    Json json = ToJson(report);
    json["no_verdict"] = no_verdict;
    PrintJson(json);
  } else if (runs.empty()) {
    Message("no runs in " + request.path);
  } else {
    PrintComparison(Out(), report);
  }
  if (!request.curves_path.empty()) WriteCurves(request.curves_path, report);
  return kDone;
}

}  // namespace crease::apps
