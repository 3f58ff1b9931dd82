#include "lib/store/burst_writer.h"

#include <algorithm>
#include <cassert>
#include <numeric>
#include <span>
#include <string>
#include <utility>

namespace crease::store {
namespace {

const std::string kGroup = "bursts", kRow = "row";

// Smaller than those of other arrays: a reader wants the rows of one run.
constexpr std::size_t kChunkBytes = 128u << 10;

}  // namespace

void BurstWriter::Create(const train::BurstTable& bursts) {
  for (const train::RecordedArray& array : bursts.arrays) {
    Array made;
    made.shape = array;
    made.shape.values.clear();
    made.row_elements = array.values.size() / array.shape[0];
    made.chunk_rows =
        std::clamp<std::size_t>(kChunkBytes / (made.row_elements * sizeof(float)), 1, 1024);
    DatasetSpec spec;
    spec.group = kGroup;
    spec.name = array.name;
    spec.dimensions = {kRow};
    spec.shape = {0};
    spec.growing = true;
    spec.description = array.description;
    spec.units = array.units;
    std::vector<std::size_t> chunk{made.chunk_rows};
    for (std::size_t i = 1; i < array.shape.size(); ++i) {
      const std::string& name = array.dimensions[i];
      if (name == "point" && !file_.Has(kGroup, name)) {
        std::vector<std::int64_t> points(array.shape[i]);
        std::iota(points.begin(), points.end(), 0);
        file_.DefineCoordinate(kGroup, name, points, "index into the training data", "");
      }
      spec.dimensions.push_back(
          name == "point" ? name : file_.DefineDimension(kGroup, name, array.shape[i]));
      spec.shape.push_back(array.shape[i]);
      chunk.push_back(array.shape[i]);
    }
    made.dataset = file_.Create(spec, ChunkLayout(chunk, chunk, sizeof(float)));
    arrays_.push_back(std::move(made));
  }
}

void BurstWriter::Add(const train::BurstTable& bursts, std::int64_t run,
                      std::int64_t first_transition) {
  if (bursts.step.empty()) return;
  if (arrays_.empty()) Create(bursts);
  assert(bursts.arrays.size() == arrays_.size());
  run_index_.insert(run_index_.end(), bursts.step.size(), run);
  step_.insert(step_.end(), bursts.step.begin(), bursts.step.end());
  for (const std::int64_t index : bursts.transition) {
    transition_.push_back(first_transition + index);
  }
  for (std::size_t k = 0; k < arrays_.size(); ++k) {
    Array& array = arrays_[k];
    const std::vector<float>& values = bursts.arrays[k].values;
    assert(bursts.arrays[k].name == array.shape.name);
    assert(values.size() == bursts.step.size() * array.row_elements);
    array.pending.insert(array.pending.end(), values.begin(), values.end());
    const std::size_t chunk = array.chunk_rows * array.row_elements;
    std::size_t done = 0;
    for (; array.pending.size() - done >= chunk; done += chunk) {
      WriteChunk(array, std::span(array.pending).subspan(done, chunk));
    }
    array.pending.erase(array.pending.begin(),
                        array.pending.begin() + static_cast<std::ptrdiff_t>(done));
  }
}

void BurstWriter::WriteChunk(Array& array, std::span<const float> rows) {
  const std::size_t chunk_bytes = array.chunk_rows * array.row_elements * sizeof(float);
  const EncodedChunk chunk =
      EncodeChunk(std::as_bytes(rows), chunk_bytes, sizeof(float), array.row_elements);
  std::vector<std::size_t> offset(array.shape.shape.size(), 0);
  offset[0] = array.written;
  array.written += rows.size() / array.row_elements;
  file_.SetRows(array.dataset, array.written);
  file_.WriteChunk(array.dataset, offset, chunk);
}

void BurstWriter::Finish() {
  if (arrays_.empty()) return;
  for (Array& array : arrays_) {
    if (!array.pending.empty()) WriteChunk(array, array.pending);
    array.dataset.Reset();
  }
  file_.DefineDimension(kGroup, kRow, step_.size());
  const auto column = [&](const char* name, const std::vector<std::int64_t>& values,
                          const char* description) {
    file_.WriteColumn(kGroup, kRow, name, ValueType::kInteger, values, description, "");
  };
  column("run_index", run_index_, "position along the dimension run");
  column("step", step_, "updates done");
  column("transition", transition_, "position along /transitions of the one that the row is near");
}

}  // namespace crease::store
