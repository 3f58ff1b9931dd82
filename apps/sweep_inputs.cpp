#include "apps/sweep_inputs.h"

#include <filesystem>
#include <unordered_set>
#include <utility>

#include "apps/output.h"
#include "lib/store/catalog.h"
#include "lib/store/layout.h"
#include "lib/train/config_keys.h"

namespace crease::apps {

sweep::Spec ReadSweep(const std::string& path, const std::vector<std::string>& overrides) {
  sweep::Spec spec = sweep::ParseSpecFile(path, overrides);
  for (const auto& warning : spec.warnings) Message("warning: " + warning);
  return spec;
}

std::vector<std::string> OverridesToKeep(const sweep::Spec& spec) {
  std::vector<std::string> overrides = spec.overrides;
  const data::Options& data = spec.base.data;
  const std::pair<const char*, const std::string*> paths[] = {
      {"data.path", &data.path},
      {"data.labels", &data.labels},
      {"data.test_path", &data.test_path},
      {"data.test_labels", &data.test_labels}};
  for (const auto& [key, path] : paths) {
    if (path->empty()) continue;
    std::string quoted;
    for (const char c : std::filesystem::absolute(*path).string()) {
      if (c == '"' || c == '\\') quoted += '\\';
      quoted += c;
    }
    overrides.push_back(std::string(key) + "=\"" + quoted + "\"");
  }
  return overrides;
}

void LoadEachTask(const std::vector<sweep::PlannedRun>& runs, sweep::DatasetCache& datasets) {
  std::unordered_set<std::string> seen;
  const train::RunConfig* last = nullptr;
  for (const auto& run : runs) {
    if (last != nullptr && train::SameInSection("data", run.config, *last)) continue;
    last = &run.config;
    // Data that differ in their seed alone are all there or all missing.
    train::RunConfig data_only;
    data_only.data = run.config.data;
    data_only.data.data_seed = 0;
    if (seen.insert(train::ToJson(data_only)).second) datasets.Get(run.config.data);
  }
}

std::vector<summary::CatalogRun> StoredRuns(const std::string& store_path) {
  store::RequireStoreOrPlaceForOne(store_path);
  if (!store::IsStore(store_path)) return {};
  return summary::ReadRuns(store::Catalog(store_path));
}

}  // namespace crease::apps
