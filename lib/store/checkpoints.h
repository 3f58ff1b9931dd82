// The checkpoints of runs under way: a log a run, STORE/checkpoints/<run id>.checkpoint, that grows
// by an entry at a time and is removed once the run's shard is sealed.
//
//   header  magic, versions, hash of run id and record options; its hash
//   entry   length; step, seconds, what was recorded since the entry before, state; hash of the
//           entry before's hash and of this
//
// A process that is killed while it writes leaves an entry whose hash does not fit: the log ends
// before it. A log of another version, or of a run recorded in another way, is passed over and
// written anew.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "lib/train/checkpoint.h"
#include "lib/train/run_config.h"

namespace crease::store {

// Thread-safe.
class Checkpoints {
 public:
  // Looks which there are; none where the store has no such directory yet. Throws Error(kSystem).
  explicit Checkpoints(const std::string& store_path);

  // The log of one run, for one thread; this and `record` must outlive it. Members throw
  // Error(kSystem). While another process has it open, it is empty and keeps nothing: the run is
  // being trained there. With `afresh`, what it has is forgotten.
  std::unique_ptr<train::CheckpointLog> Open(const std::string& run_id,
                                             const train::RecordOptions& record, bool afresh);

  // Removes the logs of runs that are sealed. What cannot be removed stays, and is in nobody's way.
  void Remove(const std::vector<std::string>& run_ids);

  std::set<std::string> run_ids() const;  // that have one

 private:
  class Log;
  std::string PathOf(const std::string& run_id) const;
  void Note(const std::string& run_id);

  std::string directory_;
  mutable std::mutex mutex_;
  std::set<std::string> run_ids_;  // guarded by mutex_
};

}  // namespace crease::store
