#include "lib/store/shard_builder.h"

#include <cassert>
#include <numeric>
#include <span>
#include <utility>

#include "lib/core/error.h"
#include "lib/core/hash.h"
#include "lib/store/reader.h"

namespace crease::store {
namespace {

// What has the same name holds the same runs, unless it is damaged: then it must not stand in the
// way of a sound copy.
bool IsSound(const std::string& path) {
  try {
    ShardReader(path).Verify();
    return true;
  } catch (const Error&) {
    return false;
  }
}

std::vector<std::int64_t> Indices(std::size_t count) {
  std::vector<std::int64_t> indices(count);
  std::iota(indices.begin(), indices.end(), 0);
  return indices;
}

// The name of a plain dimension: not that of a column, which comes later.
std::string DimensionName(const std::string& group, const std::string& name) {
  if (!group.empty()) return name;
  for (const RunColumn& column : RunColumns()) {
    if (column.name == name) return name + "_dim";
  }
  return name;
}

}  // namespace

ShardBuilder::ShardBuilder(const std::string& temporary_directory, const EncodedRun& first)
    : ShardBuilder(ShardFile(temporary_directory), first, 0) {}

ShardBuilder::ShardBuilder(ShardFile file, const EncodedRun& first, std::size_t runs)
    : shape_(first.shape),
      dataset_(first.dataset),
      config_(first.config),
      file_(std::move(file)),
      bursts_(file_),
      streamed_(shape_->arrays.size()),
      gathered_(shape_->arrays.size()),
      chunked_(shape_->arrays.size()) {
  for (const RunColumn& column : RunColumns()) columns_.push_back(EmptyColumn(column.type));
  for (const train::RecordedAxis& axis : shape_->axes) {
    file_.DefineCoordinate(axis.group, axis.name, axis.values, axis.description, "");
  }
  for (std::size_t i = 0; i < shape_->arrays.size(); ++i) {
    const ArrayShape& entry = shape_->arrays[i];
    if (entry.streamed) {
      streamed_[i] = file_.Create(SpecOf(entry.array, 0), *entry.streamed);
    } else if (runs > 0) {
      const DatasetSpec spec = SpecOf(entry.array, runs);
      const ChunkLayout layout =
          ChunkLayout::Cut(spec.shape, spec.element_bytes, kChunkTargetBytes);
      chunked_[i] = Chunked{file_.Create(spec, layout), layout};
    }
  }
}

DatasetSpec ShardBuilder::SpecOf(const train::RecordedArray& array, std::size_t rows) {
  DatasetSpec spec;
  spec.group = array.group;
  spec.name = array.name;
  spec.dimensions.push_back("run");
  spec.shape.push_back(rows);
  spec.growing = rows == 0;
  spec.description = array.description;
  spec.units = array.units;
  for (std::size_t i = 0; i < array.shape.size(); ++i) {
    spec.dimensions.push_back(file_.DefineDimension(
        array.group, DimensionName(array.group, array.dimensions[i]), array.shape[i]));
    spec.shape.push_back(array.shape[i]);
  }
  return spec;
}

double ShardBuilder::age_seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - opened_).count();
}

void ShardBuilder::Add(EncodedRun&& run) {
  assert(run.shape->key == shape_->key);
  for (std::size_t i = 0; i < streamed_.size(); ++i) {
    if (!streamed_[i]) {
      gathered_[i].insert(gathered_[i].end(), run.gathered[i].begin(), run.gathered[i].end());
      if (chunked_[i]) WriteFullChunks(i);
      continue;
    }
    const ChunkLayout& layout = *shape_->arrays[i].streamed;
    file_.SetRows(streamed_[i], static_cast<std::size_t>(runs_) + 1);
    for (std::size_t c = 0; c < run.chunks[i].size(); ++c) {
      std::vector<std::size_t> offset = layout.At(c).offset;
      offset[0] = static_cast<std::size_t>(runs_);
      file_.WriteChunk(streamed_[i], offset, run.chunks[i][c]);
    }
  }
  for (std::size_t i = 0; i < columns_.size(); ++i)
    AppendValue(columns_[i], std::move(run.columns[i]));
  bursts_.Add(run.bursts, runs_, std::ssize(transitions_));
  transition_runs_.insert(transition_runs_.end(), run.transitions.size(), runs_);
  transitions_.insert(transitions_.end(), run.transitions.begin(), run.transitions.end());
  raw_bytes_ += run.raw_bytes;
  ++runs_;
}

void ShardBuilder::WriteFullChunks(std::size_t array) {
  Chunked& chunked = *chunked_[array];
  std::vector<float>& values = gathered_[array];
  while (chunked.next < chunked.layout.count()) {
    const ChunkLayout::Block block = chunked.layout.At(chunked.next);
    const auto bytes = std::as_bytes(std::span(values));
    if (bytes.size() < block.bytes) return;
    file_.WriteChunk(chunked.dataset, block.offset,
                     EncodeChunk(bytes.first(block.bytes), chunked.layout.chunk_bytes(),
                                 sizeof(float), chunked.layout.row_elements()));
    values.erase(values.begin(),
                 values.begin() + static_cast<std::ptrdiff_t>(block.bytes / sizeof(float)));
    ++chunked.next;
  }
}

void ShardBuilder::WriteGathered() {
  for (std::size_t i = 0; i < gathered_.size(); ++i) {
    assert(!chunked_[i] || chunked_[i]->next == chunked_[i]->layout.count());
    if (streamed_[i] || chunked_[i]) continue;
    const DatasetSpec spec = SpecOf(shape_->arrays[i].array, static_cast<std::size_t>(runs_));
    file_.Write(spec, std::as_bytes(std::span(gathered_[i])));
  }
}

void ShardBuilder::WriteTransitions() {
  const std::string group = "transitions", rows = "transition";
  file_.DefineCoordinate(group, rows, Indices(transitions_.size()), "by run and onset", "");
  file_.WriteColumn(group, rows, "run_index", ValueType::kInteger, transition_runs_,
                    "position along the dimension run", "");
  for (const TransitionColumn& column : TransitionColumns()) {
    if (const auto* real = std::get_if<double detect::Transition::*>(&column.field)) {
      std::vector<double> values;
      for (const detect::Transition& t : transitions_) values.push_back(t.**real);
      file_.WriteColumn(group, rows, std::string(column.name), ValueType::kReal, values,
                        std::string(column.description), std::string(column.units));
    } else {
      const auto flag = std::get<bool detect::Transition::*>(column.field);
      std::vector<std::int64_t> values;
      for (const detect::Transition& t : transitions_) values.push_back(t.*flag ? 1 : 0);
      file_.WriteColumn(group, rows, std::string(column.name), ValueType::kBool, values,
                        std::string(column.description), std::string(column.units));
    }
  }
}

const std::vector<std::string>& ShardBuilder::run_ids() const {
  std::size_t index = 0;
  while (RunColumns()[index].name != "run_id") ++index;
  return std::get<std::vector<std::string>>(columns_[index]);
}

// The same runs with the same results, recorded in the same way, give the same name, whoever writes
// them.
std::string ShardBuilder::Id() const {
  Hasher hasher;
  hasher.Add(shape_->record_json);
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (RunColumns()[i].name != "run_id" && RunColumns()[i].name != "digest") continue;
    for (const std::string& id : std::get<std::vector<std::string>>(columns_[i])) {
      hasher.Add(id + "\n");
    }
  }
  return hasher.HexDigest();
}

void ShardBuilder::FinishRuns() {
  file_.DefineCoordinate("", "run", Indices(static_cast<std::size_t>(runs_)), "run of this shard",
                         "");
  WriteGathered();
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const RunColumn& column = RunColumns()[i];
    file_.WriteColumn("", "run", column.name, column.type, columns_[i], column.description,
                      column.units);
  }
  WriteTransitions();
  bursts_.Finish();
  streamed_.clear();
  chunked_.clear();
}

void ShardBuilder::Finish(const Provenance& provenance) {
  FinishRuns();
  WriteData(file_, *dataset_, config_);
  WriteProvenance(file_, provenance, shape_->record_json);
  WritePlottingHints(file_);
  file_.Close();
}

ShardBuilder::Sealed ShardBuilder::SealAs(const std::string& path, bool replace,
                                          const Provenance& provenance) {
  Finish(provenance);
  Sealed sealed{path, file_.file_bytes(), false};
  sealed.is_new = file_.Publish(path, replace);
  return sealed;
}

ShardBuilder::Sealed ShardBuilder::Seal(const std::string& shards_directory,
                                        const Provenance& provenance) {
  Finish(provenance);
  Sealed sealed;
  sealed.file_bytes = file_.file_bytes();
  const std::string base = shards_directory + "/" + Id();
  sealed.path = base + ".h5";
  for (int copy = 1; !(sealed.is_new = file_.Publish(sealed.path)); ++copy) {
    if (IsSound(sealed.path)) break;
    sealed.path = base + "-";
    sealed.path += std::to_string(copy) + ".h5";
  }
  return sealed;
}

}  // namespace crease::store
