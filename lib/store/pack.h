// In: a store. Out: one file with all of its runs, for sharing.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "lib/core/stop.h"

namespace crease::store {

struct PackOptions {
  bool replace = false;  // a file of that name
  const StopToken* stop = nullptr;
  // Called with the runs written, then checked, since.
  std::function<void(std::int64_t runs)> progress = nullptr;
};

struct PackSummary {
  std::int64_t runs = 0, shapes = 0, sweeps = 0;
  std::uint64_t raw_bytes = 0;  // of all recorded arrays
  std::uint64_t file_bytes = 0;
};

// Writes the newest copy of every run of the store, and its sweep files, to `file_path`. Runs of
// one shape and sweep from many shards go together. One shape: the file is a shard. Several: each
// is a shard in a group of its own. Every run is read again from the file, still under a temporary
// name in the same directory, and its digest compared, before the file gets its name. Empty if
// stopped. Holds one run at a time, the columns of a shape's runs, and half a MiB an array. Throws
// Error(kInput) if there is such a file or no run, Error(kDamaged) naming the shard, and
// Error(kSystem); nothing is left behind then.
std::optional<PackSummary> Pack(const std::string& store_path, const std::string& file_path,
                                const PackOptions& options = {});

}  // namespace crease::store
