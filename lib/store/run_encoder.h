// In: a RunRecord. Out: its shape and its compressed chunks, ready to be written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/data/dataset.h"
#include "lib/store/chunk_codec.h"
#include "lib/store/columns.h"
#include "lib/train/run_record.h"

namespace crease::store {

// A recorded array without its values. Big rows are compressed run by run and go to the file at
// once; small ones are gathered until the shard is sealed, so that a chunk holds several runs.
struct ArrayShape {
  train::RecordedArray array;  // `values` empty
  std::size_t row_bytes = 0;
  std::optional<ChunkLayout> streamed;  // of (1, shape...); empty if gathered
};

// What the runs of a shard have in common.
struct ShardShape {
  std::string key;  // equal for runs that may share a shard
  std::string record_json;
  std::vector<train::RecordedAxis> axes;
  std::vector<ArrayShape> arrays;
};

struct EncodedRun {
  std::shared_ptr<const ShardShape> shape;
  std::shared_ptr<const data::Dataset> dataset;
  train::RunConfig config;
  std::vector<std::vector<EncodedChunk>> chunks;  // (array, chunk); empty if gathered
  std::vector<std::vector<float>> gathered;       // (array, values); empty if streamed
  std::vector<Value> columns;                     // as RunColumns()
  std::vector<detect::Transition> transitions;
  train::BurstTable bursts;
  std::uint64_t raw_bytes = 0;     // of all arrays
  std::uint64_t queued_bytes = 0;  // memory held by this struct
};

// What EncodedRun::shape->key is for this record, whose arrays may be without their values.
std::string ShapeKeyOf(const train::RunRecord& record, const train::RecordOptions& recorded);

// Arrays and axes without an element are left out. Thread-safe.
EncodedRun EncodeRun(train::RunRecord&& record, const train::RecordOptions& recorded,
                     std::shared_ptr<const data::Dataset> dataset);

}  // namespace crease::store
