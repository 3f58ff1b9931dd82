#include "lib/store/reader.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <system_error>
#include <utility>

#include "lib/core/error.h"
#include "lib/store/format.h"
#include "lib/store/hdf5_source.h"
#include "lib/store/layout.h"

namespace crease::store {
namespace {

namespace fs = std::filesystem;

void CheckFormat(const Hdf5Source& source, const ShardInfo& info) {
  if (info.Attribute("format") != kFormatName) source.Damaged("", "is no shard of Crease");
  const std::string version = info.Attribute("format_version");
  const std::size_t comma = version.find(',');
  const int major = std::atoi(version.c_str());
  const int minor = comma == std::string::npos ? 0 : std::atoi(version.c_str() + comma + 1);
  if (major > kFormatMajor) {
    throw DamagedError(info.path,
                       "has format version " + std::to_string(major) + "." + std::to_string(minor) +
                           "; this program reads " + std::to_string(kFormatMajor),
                       "use a newer version of Crease");
  }
  if (minor >= kSealedSinceMinor && !source.seal()) {
    source.Damaged("", "does not end in its seal: it was cut short, or changed after it was made");
  }
}

void CheckDigest(const Hdf5Source& source) {
  if (source.seal() && source.ActualDigest() != source.seal()->digest) {
    source.Damaged("", "does not have the digest that its seal says");
  }
}

}  // namespace

std::string ShardInfo::Attribute(const std::string& name) const {
  for (const auto& [key, value] : attributes) {
    if (key == name) return value;
  }
  return "";
}

struct ShardReader::State {
  State(const std::string& path, const std::string& group) : source(path, group) {}

  // A data set of rows, and those of its rows that were decoded last. Small rows share a chunk:
  // whoever reads them one after the other has each chunk decoded once.
  struct OpenRows {
    std::optional<SourceDataset> dataset;
    std::size_t first = 0, count = 0;
    std::vector<std::byte> bytes;
  };

  Hdf5Source source;
  ShardInfo info;
  std::map<std::string, OpenRows> open_rows;  // by path

  // Empty if there is no such data set. Valid until the next call. Requires: there is such a run.
  std::span<const std::byte> RowBytes(const std::string& path, std::size_t run) {
    auto place = open_rows.find(path);
    if (place == open_rows.end()) {
      OpenRows found;
      found.dataset = FindRows(path);
      place = open_rows.emplace(path, std::move(found)).first;
    }
    OpenRows& rows = place->second;
    if (!rows.dataset || !rows.dataset->layout) return {};
    if (run < rows.first || run >= rows.first + rows.count) {
      const std::size_t together = rows.dataset->layout->chunk()[0];
      const std::size_t first = run / together * together;
      const std::size_t count = std::min(together, rows.dataset->dims[0] - first);
      rows.count = 0;
      rows.bytes = source.ReadRows(*rows.dataset, first, count);
      rows.first = first;
      rows.count = count;
    }
    const std::size_t row_bytes = rows.bytes.size() / rows.count;
    return std::span(rows.bytes).subspan((run - rows.first) * row_bytes, row_bytes);
  }

  std::optional<SourceDataset> FindRows(const std::string& path) const {
    std::optional<SourceDataset> found = source.Find(path);
    if (found && (found->type != H5T_FLOAT || found->element_bytes != sizeof(float) ||
                  found->dims[0] != static_cast<std::size_t>(info.runs))) {
      source.Damaged(path, "does not have a row of numbers for every run");
    }
    return found;
  }

  SourceDataset Require(const std::string& path) const {
    std::optional<SourceDataset> dataset = source.Find(path);
    if (!dataset) source.Damaged(path, "is missing");
    return std::move(*dataset);
  }

  ColumnValues Column(const std::string& path, std::size_t rows) const {
    const SourceDataset dataset = Require(path);
    if (dataset.dims.size() != 1 || dataset.dims[0] != rows) {
      source.Damaged(path, "does not have a value for every row");
    }
    return source.ReadColumn(dataset);
  }

  template <typename T>
  std::vector<T> ColumnOf(const std::string& path, std::size_t rows) const {
    ColumnValues values = Column(path, rows);
    if (!std::holds_alternative<std::vector<T>>(values)) source.Damaged(path, "has another type");
    return std::get<std::vector<T>>(std::move(values));
  }
  template <typename T>
  std::vector<T> RunColumn(const std::string& name) const {
    return ColumnOf<T>("/" + name, static_cast<std::size_t>(info.runs));
  }
};

ShardReader::ShardReader(const std::string& path, const std::string& group)
    : state_(std::make_unique<State>(path, group)) {
  ShardInfo& info = state_->info;
  info.path = path;
  info.id = fs::path(path).stem().string();
  info.attributes = state_->source.Attributes();
  CheckFormat(state_->source, info);
  if (!info.Attribute(kShapesAttribute).empty()) {
    state_->source.Damaged(
        "", "is a packed file of " + info.Attribute(kShapesAttribute) + " shapes, not a shard");
  }
  const SourceDataset ids = state_->Require("/run_id");
  if (ids.dims.size() != 1) state_->source.Damaged("/run_id", "is no column");
  info.runs = static_cast<std::int64_t>(ids.dims[0]);
}

ShardReader::~ShardReader() = default;
ShardReader::ShardReader(ShardReader&&) noexcept = default;

const ShardInfo& ShardReader::info() const { return state_->info; }
const Hdf5Source& ShardReader::source() const { return state_->source; }

std::vector<StoredRun> ShardReader::Runs() const {
  using Reals = std::vector<double>;
  const State& state = *state_;
  const auto run_id = state.RunColumn<std::string>("run_id");
  const auto digest = state.RunColumn<std::string>("digest");
  const auto config = state.RunColumn<std::string>("config");
  const auto outcome = state.RunColumn<std::string>("outcome");
  const auto no_verdict = state.RunColumn<std::string>("no_verdict");
  const auto steps_done = state.RunColumn<std::int64_t>("steps_done");
  const Reals wall_seconds = state.RunColumn<double>("wall_seconds");
  const Reals final_loss = state.RunColumn<double>("final_loss");
  const Reals final_accuracy = state.RunColumn<double>("final_accuracy");
  const Reals final_test_loss = state.RunColumn<double>("final_test_loss");
  const Reals final_test_accuracy = state.RunColumn<double>("final_test_accuracy");
  const Reals best_accuracy = state.RunColumn<double>("best_accuracy");
  const std::string record = state.info.Attribute("record");

  std::vector<StoredRun> runs;
  for (std::size_t i = 0; i < run_id.size(); ++i) {
    runs.push_back({run_id[i],
                    digest[i],
                    config[i],
                    record,
                    outcome[i],
                    no_verdict[i],
                    steps_done[i],
                    wall_seconds[i],
                    final_loss[i],
                    final_accuracy[i],
                    final_test_loss[i],
                    final_test_accuracy[i],
                    best_accuracy[i],
                    {}});
  }
  const TransitionTable table = Transitions();
  for (std::size_t i = 0; i < table.transitions.size(); ++i) {
    runs[static_cast<std::size_t>(table.run_index[i])].transitions.push_back(table.transitions[i]);
  }
  return runs;
}

ShardReader::TransitionTable ShardReader::Transitions() const {
  const State& state = *state_;
  const std::size_t rows = [&] {
    const SourceDataset index = state.Require("/transitions/run_index");
    return index.dims[0];
  }();
  TransitionTable table;
  table.run_index = state.ColumnOf<std::int64_t>("/transitions/run_index", rows);
  for (std::int64_t run : table.run_index) {
    if (run < 0 || run >= state.info.runs) {
      state.source.Damaged("/transitions/run_index", "names a run that is not there");
    }
  }
  table.transitions.resize(rows);
  for (const TransitionColumn& column : TransitionColumns()) {
    const std::string path = "/transitions/" + std::string(column.name);
    if (const auto* real = std::get_if<double detect::Transition::*>(&column.field)) {
      const auto values = state.ColumnOf<double>(path, rows);
      for (std::size_t i = 0; i < rows; ++i) table.transitions[i].** real = values[i];
    } else {
      const auto flag = std::get<bool detect::Transition::*>(column.field);
      const auto values = state.ColumnOf<std::int64_t>(path, rows);
      for (std::size_t i = 0; i < rows; ++i) table.transitions[i].*flag = values[i] != 0;
    }
  }
  return table;
}

std::vector<double> ShardReader::Steps(const std::string& group) const {
  return Axis(group, "step");
}

std::vector<double> ShardReader::Axis(const std::string& group, const std::string& name) const {
  const std::string path = (group.empty() ? "/" : "/" + group + "/") + name;
  const std::optional<SourceDataset> dataset = state_->source.Find(path);
  if (!dataset) return {};
  const ColumnValues values = state_->source.ReadColumn(*dataset);
  const auto* integers = std::get_if<std::vector<std::int64_t>>(&values);
  if (integers == nullptr) state_->source.Damaged(path, "is no axis");
  return {integers->begin(), integers->end()};
}

std::vector<std::size_t> ShardReader::Shape(const std::string& dataset) const {
  const auto found = state_->source.Find("/" + dataset);
  return found ? found->dims : std::vector<std::size_t>();
}

std::optional<ColumnValues> ShardReader::Column(const std::string& name) const {
  if (!state_->source.Find("/" + name)) return std::nullopt;
  return state_->Column("/" + name, static_cast<std::size_t>(state_->info.runs));
}

std::vector<float> ShardReader::Row(const std::string& dataset, std::int64_t run) const {
  if (run < 0 || run >= state_->info.runs) return {};
  const std::span<const std::byte> bytes =
      state_->RowBytes("/" + dataset, static_cast<std::size_t>(run));
  std::vector<float> values(bytes.size() / sizeof(float));
  if (!values.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

std::vector<std::string> ShardReader::Datasets() const { return state_->source.Datasets(); }

void ShardReader::Verify() const {
  CheckDigest(state_->source);
  for (const std::string& path : Datasets()) {
    const SourceDataset dataset = state_->Require(path);
    if (!dataset.layout) continue;
    for (std::size_t row = 0; row < dataset.dims[0]; row += dataset.layout->chunk()[0]) {
      state_->source.ReadRow(dataset, row);
    }
  }
  Runs();
}

std::vector<std::string> ShardGroups(const std::string& path) {
  const Hdf5Source source(path);
  int shapes = 0;
  for (const auto& [name, value] : source.Attributes()) {
    if (name == kShapesAttribute) shapes = std::atoi(value.c_str());
  }
  if (shapes < 0 || shapes > kMostShapes) source.Damaged("", "claims to hold too many shapes");
  std::vector<std::string> groups;
  groups.reserve(static_cast<std::size_t>(shapes));
  for (int i = 0; i < shapes; ++i) groups.push_back(ShapeGroup(i));
  if (groups.empty()) groups.emplace_back();
  return groups;
}

std::vector<std::string> ListShards(const std::string& store_path) {
  RequireStore(store_path);
  std::vector<std::string> paths;
  std::error_code error;
  for (fs::directory_iterator entry(ShardsDirectory(store_path), error), end;
       !error && entry != end; entry.increment(error)) {
    if (entry->path().extension() == ".h5") paths.push_back(entry->path().string());
  }
  if (error) {
    throw SystemErrorFromErrno(ShardsDirectory(store_path), "cannot list the shards",
                               error.value());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace crease::store
