// In: RunRecords. Out: sealed shards in a store directory.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lib/data/dataset.h"
#include "lib/train/run_record.h"

namespace crease::store {

struct WriterOptions {
  std::string sweep_name = {};
  std::string instruction_set = {};  // that the runs are trained with, for the record
  bool replaces_runs = false;        // what is written takes the place of older copies that differ
  // Of the newest shard that may hold copies of these runs, UTC: newer copies win by their date,
  // and the clock may have gone back.
  std::string created_after = {};
  std::int64_t runs_per_shard = 4096;
  std::uint64_t bytes_per_shard = 512u << 20;  // raw bytes; a shard is sealed when it has more
  double seal_after_seconds = 60;              // a shard that is open for longer is sealed
  std::uint64_t queue_bytes = 256u << 20;      // Append blocks while more than this waits
  // Called from the writer's thread with the ids of the runs of each shard, once it is sealed.
  std::function<void(const std::vector<std::string>& run_ids)> on_sealed = nullptr;
};

// Owns all HDF5 handles of the process on a thread of its own. Appended runs are compressed by the
// calling thread, written by the writer's, and visible to readers once their shard is sealed:
// written under a temporary name, fsynced and renamed. Killed at any moment, a store holds sealed
// shards only, besides temporary files that the next Writer of the same process id's host removes.
class Writer {
 public:
  // Creates the directories of a store. Throws Error(kSystem) or Error(kInput) naming the path.
  Writer(const std::string& store_path, const WriterOptions& options);
  ~Writer();  // discards what is not sealed

  // Thread-safe. Throws what the writer's thread ran into earlier.
  void Append(train::RunRecord&& record, const train::RecordOptions& recorded,
              std::shared_ptr<const data::Dataset> dataset);

  // Seals every open shard and waits. Throws Error(kSystem) if that fails; nothing under a
  // final name is ever incomplete.
  void Seal();

  struct Summary {
    std::int64_t runs = 0, shards = 0;
    std::uint64_t raw_bytes = 0, file_bytes = 0;
  };
  Summary summary() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace crease::store
