// A comparison of cells as people and as programs read it.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "analysis/summary/catalog_runs.h"
#include "analysis/transitions/aligned.h"
#include "analysis/transitions/cells.h"
#include "apps/report.h"

namespace crease::apps {

struct ComparisonReport {
  const transitions::Comparison& comparison;
  const std::vector<summary::CatalogRun>& runs;
  // By cell: the curves at their first transitions; empty if they were not read.
  const std::vector<std::vector<transitions::AlignedPoint>>& aligned;
  std::string column;  // of the curves: "loss"
};

// Tables, tests, and what was pooled and left out.
void PrintComparison(std::ostream& out, const ComparisonReport& report);

// Everything that the tables hold, and curves in columns: "survival" and "aligned".
Json ToJson(const ComparisonReport& report);

// The same, of each cell its keys and its curves alone.
Json CurvesAsJson(const ComparisonReport& report);

// One row a cell and point of transition time, under a header.
std::string AlignedAsCsv(const ComparisonReport& report);

}  // namespace crease::apps
