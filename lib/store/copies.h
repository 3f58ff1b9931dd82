// Copies of one run in several shards, as stores have that were copied together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace crease::store {

// One run in one shard.
struct RunCopy {
  std::string run_id, digest;
  std::string shard;  // path or name of its file
  std::string group;  // in it, of a packed file
  std::int64_t row = 0;
  std::string created_utc;  // of the shard
  bool replaces = false;    // the shard was made to take the place of older ones
  std::string data_digest;
  int numerics_version = 0;
};

// Indices of the copies that count, the one that stands for the run first: the newest. Copies
// older than the newest one that was made to replace them do not count. `copies`: of one run.
std::vector<std::size_t> CountingCopies(const std::vector<RunCopy>& copies);

// Those of the copies that count and differ from the first in their digest.
std::vector<std::size_t> ConflictingCopies(const std::vector<RunCopy>& copies);

// "copy in a.h5 has digest ..., that in b.h5 ..."
std::string DescribeConflict(const RunCopy& standing, const RunCopy& other);

}  // namespace crease::store
