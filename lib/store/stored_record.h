// In: a sealed shard. Out: its runs, whole, as they were appended.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/data/dataset.h"
#include "lib/store/columns.h"
#include "lib/store/reader.h"
#include "lib/train/run_record.h"

namespace crease::store {

struct StoredRecord {
  train::RunRecord record;
  std::vector<std::optional<Value>> columns;  // as RunColumns(), as they stand in the file
};

// A run's configuration and figures as a record that has no arrays. Throws Error(kDamaged).
train::RunRecord WithoutArrays(const StoredRun& stored);

// The data of a shard, as far as it holds them.
struct StoredData {
  std::shared_ptr<const data::Dataset> dataset;  // without points unless `stored`
  std::string digest;
  bool stored = false;
};

// Of one shard, for one thread. All members throw Error(kDamaged) naming file and data set.
class RecordReader {
 public:
  // Checks the digest of the file first, if it has one: what follows trusts HDF5 with it.
  // `checked`: that has been done. Refuses newer minor format versions, of which this program does
  // not know all contents.
  explicit RecordReader(const std::string& path, const std::string& group = "",
                        bool checked = false);

  const ShardInfo& info() const { return reader_.info(); }
  const train::RecordOptions& recorded() const { return recorded_; }
  StoredData Data() const;

  // Reads small rows fastest in order.
  StoredRecord Read(std::int64_t run) const;
  const train::RunConfig& first_config() const { return first_config_; }
  // ShapeKeyOf(its runs).
  const std::string& shape_key() const { return shape_key_; }

 private:
  void FindArrays();
  void AddArray(const std::string& path);
  void ReadColumns();
  void FillBursts(std::int64_t run, std::int64_t first_transition, train::RunRecord& record) const;
  train::RunRecord Outline(std::int64_t run) const;

  ShardReader reader_;
  train::RecordOptions recorded_;
  std::string shape_key_;
  train::RunConfig first_config_;
  std::vector<train::RecordedAxis> axes_;
  std::vector<train::RecordedArray> arrays_, bursts_;  // `values` empty
  std::vector<std::optional<ColumnValues>> columns_;   // as RunColumns()
  std::vector<StoredRun> runs_;
  std::vector<std::int64_t> first_transition_;  // of each run, along /transitions
  std::vector<std::int64_t> burst_run_, burst_step_, burst_transition_;
};

// Hash of all that the record holds: equal for equal records.
std::string DigestOf(const StoredRecord& stored);

}  // namespace crease::store
