#include "apps/selection.h"

#include <algorithm>
#include <map>
#include <unordered_set>

#include "apps/text.h"
#include "lib/train/schedule.h"

namespace crease::apps {
namespace {

constexpr std::size_t kNamedRuns = 8;

// Few recordings are shared by many runs: each is compared once.
class RecordingComparison {
 public:
  explicit RecordingComparison(const train::RecordOptions& asked) : asked_(asked) {}

  const std::string& MissingFrom(const std::string& record_json) {
    const auto [place, is_new] = missing_.try_emplace(record_json);
    if (is_new) {
      place->second = train::MissingRecordings(train::RecordFromJson(record_json), asked_);
    }
    return place->second;
  }

 private:
  const train::RecordOptions& asked_;
  std::unordered_map<std::string, std::string> missing_;
};

}  // namespace

Selection Select(const std::vector<sweep::PlannedRun>& planned,
                 const std::vector<summary::CatalogRun>& stored, const train::RecordOptions& asked,
                 const SelectionOptions& options) {
  std::unordered_map<std::string, const summary::CatalogRun*> by_id;
  for (const auto& run : stored) by_id.emplace(run.run_id, &run);
  RecordingComparison comparison(asked);
  Selection selection;
  for (const sweep::PlannedRun& run : planned) {
    const auto found = by_id.find(run.run_id);
    if (found == by_id.end()) {
      selection.to_train.push_back(run);
      continue;
    }
    ++selection.present;
    const std::string& lacks = comparison.MissingFrom(found->second->record_json);
    if (!lacks.empty()) selection.sparser.push_back({run.run_id, lacks});
    if (options.force || (options.rerecord && !lacks.empty())) {
      selection.to_train.push_back(run);
      selection.stored_digests.emplace(run.run_id, found->second->digest);
    }
  }
  return selection;
}

void LeaveToOthers(const std::vector<store::Claim>& claims, Selection& selection) {
  for (const store::Claim& claim : claims) {
    const std::unordered_set<std::string> ids(claim.run_ids.begin(), claim.run_ids.end());
    const auto taken = std::erase_if(selection.to_train, [&](const sweep::PlannedRun& run) {
      return ids.count(run.run_id) > 0;
    });
    if (taken == 0) continue;
    selection.elsewhere.push_back({claim.host, claim.process, static_cast<std::int64_t>(taken)});
  }
}

std::int64_t CountElsewhere(const Selection& selection) {
  std::int64_t runs = 0;
  for (const RunsElsewhere& other : selection.elsewhere) runs += other.runs;
  return runs;
}

std::string DescribeElsewhere(const std::vector<RunsElsewhere>& elsewhere) {
  std::string text;
  for (const RunsElsewhere& other : elsewhere) {
    if (!text.empty()) text += '\n';
    text += Counted(other.runs, "run") + (other.runs == 1 ? " is" : " are") +
            " being trained by process " + std::to_string(other.process) + " on " + other.host +
            ": left to it";
  }
  return text;
}

std::string DescribeSparser(const std::vector<SparserRun>& sparser) {
  std::map<std::string, std::vector<std::string>> by_lack;
  for (const SparserRun& run : sparser) by_lack[run.lacks].push_back(run.run_id);
  std::string text;
  for (const auto& [lacks, ids] : by_lack) {
    if (!text.empty()) text += '\n';
    text += Counted(std::ssize(ids), "run") + " in the store recorded more sparsely than asked (" +
            lacks + "):";
    const std::size_t named = std::min(ids.size(), kNamedRuns);
    for (std::size_t i = 0; i < named; ++i) text += "\n  " + ids[i];
    if (named < ids.size()) {
      text += "\n  ... " + FormatCount(static_cast<std::int64_t>(ids.size() - named)) + " more";
    }
  }
  return text;
}

}  // namespace crease::apps
