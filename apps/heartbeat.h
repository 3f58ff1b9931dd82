// Tells `crease status` that this process lives and how far it is.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "lib/store/layout.h"
#include "lib/sweep/runner.h"

namespace crease::apps {

// Replaces the worker's status file every few seconds from a thread of its own, so that long steps
// and a slow disk do not look like death. Thread-safe. A status file that cannot be written is no
// reason to stop a training: the shards' writer meets the same fault and reports it.
class Heartbeat {
 public:
  // `initial` names the sweep, the shard and the totals; the rest is filled in here.
  Heartbeat(std::string store_path, store::WorkerStatus initial);
  ~Heartbeat();  // writes the last status

  void Update(const sweep::Progress& progress);
  void AddFailure(const sweep::Failure& failure);
  void SetState(const std::string& state);  // "running", "done", "interrupted", "failed"
  void SetLastError(const std::string& message);

 private:
  void Beat();
  void Write(const store::WorkerStatus& status) noexcept;

  const std::string store_path_;
  std::mutex mutex_;
  std::condition_variable wake_;
  store::WorkerStatus status_;  // guarded by mutex_
  bool leaving_ = false;        // guarded by mutex_
  std::thread thread_;
};

}  // namespace crease::apps
