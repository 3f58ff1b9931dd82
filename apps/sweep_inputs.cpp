#include "apps/sweep_inputs.h"

#include <unordered_set>

#include "apps/output.h"
#include "lib/train/config_keys.h"

namespace crease::apps {

sweep::Spec ReadSweep(const std::string& path, const std::vector<std::string>& overrides) {
  sweep::Spec spec = sweep::ParseSpecFile(path, overrides);
  for (const auto& warning : spec.warnings) Message("warning: " + warning);
  return spec;
}

void LoadEachTask(const std::vector<sweep::PlannedRun>& runs, sweep::DatasetCache& datasets) {
  std::unordered_set<std::string> seen;
  for (const auto& run : runs) {
    // Data that differ in their seed alone are all there or all missing.
    train::RunConfig data_only;
    data_only.data = run.config.data;
    data_only.data.data_seed = 0;
    if (seen.insert(train::ToJson(data_only)).second) datasets.Get(run.config.data);
  }
}

}  // namespace crease::apps
