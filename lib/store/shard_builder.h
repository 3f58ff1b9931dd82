// One shard while it is open: runs go in, a sealed file comes out.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/store/burst_writer.h"
#include "lib/store/run_encoder.h"
#include "lib/store/shard_file.h"
#include "lib/store/shard_metadata.h"

namespace crease::store {

// For one thread. All members throw Error(kSystem); what was written is then gone with the object.
class ShardBuilder {
 public:
  ShardBuilder(const std::string& temporary_directory, const EncodedRun& first);
  // Into `file`, exactly `runs` runs: then small rows need not be kept until the end.
  ShardBuilder(ShardFile file, const EncodedRun& first, std::size_t runs);

  // Requires: `run` has the shape of the first.
  void Add(EncodedRun&& run);

  const std::string& shape_key() const { return shape_->key; }
  // Ends the runs: all that stands in file() but for its data, provenance and hints.
  void FinishRuns();
  ShardFile& file() { return file_; }

  struct Sealed {
    std::string path;
    std::uint64_t file_bytes = 0;
    bool is_new = false;  // false: the same runs were there already
  };
  Sealed Seal(const std::string& shards_directory, const Provenance& provenance);
  // Under a name of the caller's. is_new: false if there is a file of that name, unless `replace`.
  Sealed SealAs(const std::string& path, bool replace, const Provenance& provenance);

  std::int64_t runs() const { return runs_; }
  const std::vector<std::string>& run_ids() const;
  std::uint64_t raw_bytes() const { return raw_bytes_; }
  double age_seconds() const;

 private:
  void DefineDimensions();
  void CreateStreamed();
  DatasetSpec SpecOf(const train::RecordedArray& array, std::size_t rows);
  void WriteGathered();
  void WriteFullChunks(std::size_t array);
  void WriteTransitions();
  void Finish(const Provenance& provenance);
  std::string Id() const;

  std::shared_ptr<const ShardShape> shape_;
  std::shared_ptr<const data::Dataset> dataset_;
  train::RunConfig config_;  // of the first run
  ShardFile file_;
  BurstWriter bursts_;
  std::vector<DatasetHandle> streamed_;       // by array; none if gathered
  std::vector<std::vector<float>> gathered_;  // by array: what is not written yet
  // By array, where the number of runs is known: chunks are written as they fill.
  struct Chunked {
    DatasetHandle dataset;
    ChunkLayout layout;
    std::size_t next = 0;
  };
  std::vector<std::optional<Chunked>> chunked_;
  std::vector<ColumnValues> columns_;  // as RunColumns()
  std::vector<std::int64_t> transition_runs_;
  std::vector<detect::Transition> transitions_;
  std::int64_t runs_ = 0;
  std::uint64_t raw_bytes_ = 0;
  std::chrono::steady_clock::time_point opened_ = std::chrono::steady_clock::now();
};

}  // namespace crease::store
