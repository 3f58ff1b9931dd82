// Tells `crease status` that this process lives and how far it is.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "lib/store/status.h"
#include "lib/store/writer.h"
#include "lib/sweep/runner.h"

namespace crease::apps {

// Replaces the worker's status file every two seconds from a thread of its own, so that long steps
// and a slow disk do not look like death. Thread-safe. A status file that cannot be written is no
// reason to stop a training: the shards' writer meets the same fault and reports it.
class Heartbeat {
 public:
  // `writer` tells which runs are sealed; it is not owned.
  Heartbeat(std::string store_path, const store::Writer& writer, const std::string& sweep,
            const std::string& command, std::int64_t runs_total);
  ~Heartbeat();  // writes the last status

  void Update(const sweep::Progress& progress);
  void AddFailure(const sweep::Failure& failure);

  // "finished", "interrupted" or "failed"; `last_error` if there is one.
  void SetState(const std::string& state, const std::string& last_error = "");

 private:
  void Beat();
  void Write(store::WorkerStatus status) const noexcept;

  const std::string store_path_;
  const store::Writer& writer_;
  std::mutex mutex_;
  std::condition_variable wake_;
  store::WorkerStatus status_;  // guarded by mutex_
  bool leaving_ = false;        // guarded by mutex_
  std::thread thread_;
};

}  // namespace crease::apps
