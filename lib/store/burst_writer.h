// The group /bursts of an open shard: rows of all runs one after another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "lib/store/shard_file.h"
#include "lib/train/run_record.h"

namespace crease::store {

// For one thread; `file` must outlive it. All members throw Error(kSystem).
class BurstWriter {
 public:
  explicit BurstWriter(ShardFile& file) : file_(file) {}

  // The rows of one run. `run`: its position along the run axis; `first_transition`: that of its
  // first transition in /transitions. Requires: the arrays, but for their number of rows, are those
  // of the first call with rows.
  void Add(const train::BurstTable& bursts, std::int64_t run, std::int64_t first_transition);

  // Writes what is left. Nothing is written if there were no rows. Call it once, at the end.
  void Finish();

 private:
  // One data set, (row, ...), in chunks of `chunk_rows`.
  struct Array {
    train::RecordedArray shape;  // `values` empty
    DatasetHandle dataset;
    std::size_t row_elements = 0, chunk_rows = 0;
    std::vector<float> pending;  // rows that do not fill a chunk yet
    std::size_t written = 0;     // rows
  };
  void Create(const train::BurstTable& bursts);
  void WriteChunk(Array& array, std::span<const float> rows);

  ShardFile& file_;
  std::vector<Array> arrays_;
  std::vector<std::int64_t> run_index_, step_, transition_;
};

}  // namespace crease::store
