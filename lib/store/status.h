// What a worker is doing, for `crease status` and live views: one small JSON file a worker,
// replaced as a whole, in DIR/status.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace crease::store {

struct WorkerStatus {
  std::string worker;  // "host-process", the file's name
  std::int64_t pid = 0;
  std::string host;
  std::string sweep;
  std::string command;                            // as typed
  std::int64_t shard_index = 1, shard_count = 1;  // of --shard
  std::string state;                              // running, finished, interrupted, failed
  std::string started_utc, heartbeat_utc;         // as UtcNow()
  std::string process_start;                      // tells two processes of one number apart
  std::int64_t runs_total = 0, runs_done = 0, runs_failed = 0, runs_diverged = 0;
  std::int64_t runs_sealed = 0;          // of runs_done: in the store
  std::vector<std::string> failed_runs;  // ids
  std::int64_t steps_total = 0, steps_done = 0;
  double steps_per_second = 0;
  double eta_seconds = 0;  // NaN if unknown
  std::int64_t transitions = 0;
  std::string last_error;
};

// Of this process, with what tells who it is filled in.
WorkerStatus NewWorkerStatus();

// Replaces the worker's file, with the time of now as its heartbeat. Throws Error(kSystem).
void WriteStatus(const std::string& store_path, const WorkerStatus& status);

// All workers that ever wrote, by name; files that cannot be read are left out.
std::vector<WorkerStatus> ReadStatus(const std::string& store_path);

// Whether the worker is gone. Of this host, its process decides, whatever the clock says; of
// others, a heartbeat older than `silent_seconds`.
bool IsLost(const WorkerStatus& status, double silent_seconds = 120);

// Removes files of this host whose workers are gone and that say nothing new: of lost workers,
// once `command` runs again; of any, after a day, but for the last of each sweep.
void RemoveOldStatus(const std::string& store_path, const std::string& command);

}  // namespace crease::store
