#include "lib/store/run_encoder.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

#include "lib/core/hash.h"
#include "lib/train/config_keys.h"
#include "lib/train/schedule.h"

namespace crease::store {
namespace {

// Below this, a chunk a run would be too small to be worth its entry in the index.
constexpr std::size_t kGatherBelowBytes = 16u << 10;

// Lengths go before texts, so that no two lists of texts look alike.
class KeyHasher {
 public:
  void Add(const std::string& text) {
    Add(text.size());
    hasher_.Add(text);
  }
  void Add(std::size_t number) {
    const auto fixed = static_cast<std::uint64_t>(number);
    hasher_.Add(&fixed, sizeof fixed);
  }
  std::string Digest() const { return hasher_.HexDigest(); }

 private:
  Hasher hasher_;
};

// The keys that all runs of a shard agree in, beyond the arrays' own shapes.
bool IsShared(const train::ConfigKey& key) {
  return key.section() == "data" || key.name == "model.width" || key.name == "model.depth" ||
         key.name == "train.steps";
}

// Bursts have the arrays that these make, but only runs with a transition have bursts.
std::array<bool, 4> TensorsOf(const train::RunConfig& config) {
  return {config.model.affine, config.model.bias, config.model.head_bias,
          config.model.norm == model::Norm::kDyT};
}

std::string ShapeKey(const ShardShape& shape, const train::RunConfig& config) {
  KeyHasher hasher;
  hasher.Add(shape.record_json);
  hasher.Add(config.data_digest);
  for (const train::ConfigKey& key : train::ConfigKeys()) {
    if (IsShared(key)) hasher.Add(train::ToString(key.get(config)));
  }
  for (const bool flag : TensorsOf(config)) hasher.Add(std::size_t{flag});
  for (const train::RecordedAxis& axis : shape.axes) {
    hasher.Add(axis.group);
    hasher.Add(axis.name);
    hasher.Add(axis.values.size());
    for (std::int64_t value : axis.values) hasher.Add(static_cast<std::size_t>(value));
  }
  for (const ArrayShape& entry : shape.arrays) {
    hasher.Add(entry.array.group);
    hasher.Add(entry.array.name);
    hasher.Add(entry.array.dimensions.size());
    for (const std::string& dimension : entry.array.dimensions) hasher.Add(dimension);
    for (std::size_t length : entry.array.shape) hasher.Add(length);
  }
  return hasher.Digest();
}

ArrayShape ShapeOf(train::RecordedArray&& array, std::size_t elements) {
  ArrayShape entry;
  entry.row_bytes = elements * sizeof(float);
  if (entry.row_bytes >= kGatherBelowBytes) {
    std::vector<std::size_t> dims{1};
    dims.insert(dims.end(), array.shape.begin(), array.shape.end());
    entry.streamed = ChunkLayout::Cut(std::move(dims), sizeof(float), kChunkTargetBytes);
  }
  entry.array = std::move(array);
  return entry;
}

std::vector<EncodedChunk> EncodeArray(const ChunkLayout& layout, const std::vector<float>& values) {
  const auto bytes = std::as_bytes(std::span(values));
  std::vector<EncodedChunk> chunks;
  for (std::size_t i = 0; i < layout.count(); ++i) {
    const ChunkLayout::Block block = layout.At(i);
    chunks.push_back(EncodeChunk(bytes.subspan(block.first_byte, block.bytes), layout.chunk_bytes(),
                                 layout.element_bytes(), layout.row_elements()));
  }
  return chunks;
}

// Their names are taken in the root.
bool IsRunColumn(const std::string& name) {
  return std::any_of(RunColumns().begin(), RunColumns().end(),
                     [&](const RunColumn& column) { return column.name == name; });
}

void EncodeArrays(std::vector<train::RecordedArray>&& arrays, ShardShape& shape, EncodedRun& run) {
  for (train::RecordedArray& array : arrays) {
    std::size_t elements = 1;
    for (std::size_t length : array.shape) elements *= length;
    assert(array.dimensions.size() == array.shape.size());
    assert(array.values.size() == elements);
    assert(!array.group.empty() || !IsRunColumn(array.name));
    if (elements == 0) continue;
    std::vector<float> values = std::exchange(array.values, {});
    ArrayShape entry = ShapeOf(std::move(array), elements);
    run.raw_bytes += entry.row_bytes;
    run.chunks.emplace_back();
    run.gathered.emplace_back();
    if (entry.streamed) {
      run.chunks.back() = EncodeArray(*entry.streamed, values);
      for (const EncodedChunk& chunk : run.chunks.back()) run.queued_bytes += chunk.bytes.size();
    } else {
      run.queued_bytes += entry.row_bytes;
      run.gathered.back() = std::move(values);
    }
    shape.arrays.push_back(std::move(entry));
  }
}

// What the shape of the run encoded last was made from.
struct LastShape {
  train::RecordOptions recorded;
  train::RunConfig config;
  std::shared_ptr<const ShardShape> shape;
};

bool SameArrays(const std::vector<ArrayShape>& a, const std::vector<ArrayShape>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.array.group == y.array.group && x.array.name == y.array.name &&
           x.array.description == y.array.description && x.array.units == y.array.units &&
           x.array.dimensions == y.array.dimensions && x.array.shape == y.array.shape;
  });
}

bool SameAxes(const std::vector<train::RecordedAxis>& a,
              const std::vector<train::RecordedAxis>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.group == y.group && x.name == y.name && x.description == y.description &&
           x.values == y.values;
  });
}

bool SameShared(const train::RunConfig& a, const train::RunConfig& b) {
  if (a.data_digest != b.data_digest || TensorsOf(a) != TensorsOf(b)) return false;
  for (const train::ConfigKey& key : train::ConfigKeys()) {
    if (IsShared(key) && !key.same(a, b)) return false;
  }
  return true;
}

// Most runs have the shape of the one before: its description and its key are used again.
std::shared_ptr<const ShardShape> Finished(ShardShape&& shape, const train::RunConfig& config,
                                           const train::RecordOptions& recorded) {
  thread_local LastShape last;
  if (last.shape == nullptr || recorded != last.recorded || !SameShared(config, last.config) ||
      !SameAxes(shape.axes, last.shape->axes) || !SameArrays(shape.arrays, last.shape->arrays)) {
    shape.record_json = train::ToJson(recorded);
    shape.key = ShapeKey(shape, config);
    last = {recorded, config, std::make_shared<const ShardShape>(std::move(shape))};
  }
  return last.shape;
}

}  // namespace

std::string ShapeKeyOf(const train::RunRecord& record, const train::RecordOptions& recorded) {
  ShardShape shape;
  shape.record_json = train::ToJson(recorded);
  for (const train::RecordedAxis& axis : record.axes) {
    if (!axis.values.empty()) shape.axes.push_back(axis);
  }
  for (const train::RecordedArray& array : record.arrays) {
    if (std::count(array.shape.begin(), array.shape.end(), std::size_t{0}) > 0) continue;
    ArrayShape entry;
    entry.array = array;
    shape.arrays.push_back(std::move(entry));
  }
  return ShapeKey(shape, record.config);
}

EncodedRun EncodeRun(train::RunRecord&& record, const train::RecordOptions& recorded,
                     std::shared_ptr<const data::Dataset> dataset) {
  EncodedRun run;
  ShardShape shape;
  for (train::RecordedAxis& axis : record.axes) {
    if (!axis.values.empty()) shape.axes.push_back(std::move(axis));
  }
  EncodeArrays(std::move(record.arrays), shape, run);
  run.shape = Finished(std::move(shape), record.config, recorded);
  run.columns.reserve(RunColumns().size());
  for (const RunColumn& column : RunColumns()) run.columns.push_back(column.get(record));
  run.transitions = std::move(record.transitions);
  run.bursts = std::move(record.bursts);
  std::uint64_t burst_bytes = 0;
  for (const train::RecordedArray& array : run.bursts.arrays) {
    burst_bytes += array.values.size() * sizeof(float);
  }
  run.raw_bytes += burst_bytes;
  run.queued_bytes += burst_bytes;
  run.config = std::move(record.config);
  run.dataset = std::move(dataset);
  return run;
}

}  // namespace crease::store
