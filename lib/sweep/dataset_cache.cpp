#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "lib/sweep/runner.h"
#include "lib/train/config_keys.h"

namespace crease::sweep {
namespace {

// Data sets that nobody uses are kept up to this size in all, the latest ones.
constexpr std::uint64_t kKeptBytes = std::uint64_t{1} << 30;

std::string KeyOf(const data::Options& options) {
  train::RunConfig config;
  config.data = data::WithTaskDefaults(options);
  std::string text;
  for (const train::ConfigKey& key : train::ConfigKeys()) {
    if (key.section() == "data") text += train::ToString(key.get(config)) + '\0';
  }
  return text;
}

std::uint64_t BytesOf(const data::Dataset& dataset) {
  const auto bytes = [](const data::Split& split) {
    return split.x.size() * sizeof(float) + split.labels.size() * sizeof(std::int32_t) +
           split.targets.size() * sizeof(float);
  };
  return bytes(dataset.train) + bytes(dataset.test);
}

using DatasetPointer = std::shared_ptr<const data::Dataset>;

struct Entry {
  std::mutex loading;  // held while loading, so that it is done once
  std::weak_ptr<const data::Dataset> dataset;
};

}  // namespace

struct DatasetCache::State {
  std::mutex mutex;
  std::map<std::string, std::shared_ptr<Entry>> entries;
  std::deque<DatasetPointer> kept;
  std::uint64_t kept_bytes = 0;

  train::RunConfig last;  // whose data last_entry holds: mostly what is asked for next
  std::shared_ptr<Entry> last_entry;

  std::shared_ptr<Entry> EntryOf(const data::Options& options) {
    train::RunConfig asked;
    asked.data = options;
    const std::lock_guard lock(mutex);
    if (last_entry != nullptr && train::SameInSection("data", asked, last)) return last_entry;
    std::shared_ptr<Entry>& entry = entries[KeyOf(options)];
    if (entry == nullptr) entry = std::make_shared<Entry>();
    last = std::move(asked);
    last_entry = entry;
    return entry;
  }

  void Keep(const DatasetPointer& dataset) {
    const std::lock_guard lock(mutex);
    kept.push_back(dataset);
    kept_bytes += BytesOf(*dataset);
    while (kept_bytes > kKeptBytes && kept.size() > 1) {
      kept_bytes -= BytesOf(*kept.front());
      kept.pop_front();
    }
  }
};

DatasetCache::DatasetCache() : state_(std::make_unique<State>()) {}
DatasetCache::~DatasetCache() = default;

std::shared_ptr<const data::Dataset> DatasetCache::Get(const data::Options& options) {
  const std::shared_ptr<Entry> entry = state_->EntryOf(options);
  const std::lock_guard lock(entry->loading);
  DatasetPointer dataset = entry->dataset.lock();
  if (dataset != nullptr) return dataset;
  dataset = std::make_shared<const data::Dataset>(data::Load(options));
  entry->dataset = dataset;
  state_->Keep(dataset);
  return dataset;
}

}  // namespace crease::sweep
