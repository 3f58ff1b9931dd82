// The per-step curves of a store's runs, one after another.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "analysis/summary/catalog_runs.h"

namespace crease::apps {

// Called once for each run, by several threads at once; must not throw.
using CurveVisitor = std::function<void(std::size_t run, std::span<const double> steps,
                                        std::span<const float> values)>;

// Shows the curve `column` ("" for loss) of all runs, or of those whose index is in `members`.
// Throws Error(kInput) if a shard has no such per-step figure, Error(kDamaged) as
// store::ShardReader does.
void VisitCurves(const std::string& store_path, const std::string& column,
                 const std::vector<summary::CatalogRun>& runs, const CurveVisitor& visit);
void VisitCurves(const std::string& store_path, const std::string& column,
                 const std::vector<summary::CatalogRun>& runs,
                 const std::vector<std::size_t>& members, const CurveVisitor& visit);

}  // namespace crease::apps
