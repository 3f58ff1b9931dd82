#include "lib/store/pack.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <memory>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include "lib/core/error.h"
#include "lib/store/catalog.h"
#include "lib/store/format.h"
#include "lib/store/layout.h"
#include "lib/store/run_encoder.h"
#include "lib/store/shard_builder.h"
#include "lib/store/shard_file.h"
#include "lib/store/shard_metadata.h"
#include "lib/store/sqlite.h"
#include "lib/store/stored_record.h"

namespace crease::store {
namespace {

namespace fs = std::filesystem;

// Rows of one shard.
struct Source {
  std::string path;
  std::vector<std::int64_t> rows;
};

// What goes into one shard of the packed file.
struct Shape {
  std::string sweep;
  std::int64_t numerics_version = 0, width = 0, depth = 0, steps = 0;
  std::vector<Source> sources;
  std::vector<ShardInfo> infos;  // of the sources
  std::int64_t runs = 0;
};

// What a run must be in the packed file. Columns that its shard lacks are not compared.
struct Expected {
  std::string digest;
  std::shared_ptr<const std::vector<bool>> columns;
};

std::vector<bool> ColumnsOf(const StoredRecord& stored) {
  std::vector<bool> columns;
  for (const auto& column : stored.columns) columns.push_back(column.has_value());
  return columns;
}

class Packer {
 public:
  Packer(const std::string& store_path, const std::string& file_path, const PackOptions& options)
      : store_path_(store_path), file_path_(file_path), options_(options) {}

  std::optional<PackSummary> Run() {
    RefuseExisting();
    Plan();
    const std::string directory = fs::path(file_path_).parent_path().string();
    ShardFile whole(directory.empty() ? "." : directory);
    if (!WriteShapes(whole)) return std::nullopt;
    WriteSweeps(whole);
    whole.Close();
    summary_.file_bytes = whole.file_bytes();
    if (!CheckFile(whole.temporary_path())) return std::nullopt;
    if (!whole.Publish(file_path_, options_.replace)) RefuseExisting();
    return summary_;
  }

 private:
  void RefuseExisting() const;
  void Plan();
  void AddSource(Source&& source);
  void ReadSweeps(sqlite3* connection);
  bool WriteShapes(ShardFile& whole);
  bool WriteShape(const Shape& shape, ShardFile& file);
  bool WriteRuns(const Source& source, const StoredData& data, ShardBuilder& builder);
  void WriteContents(ShardFile& whole) const;
  void WriteSweeps(ShardFile& whole) const;
  bool CheckFile(const std::string& path);
  bool CheckShape(const Shape& shape, const RecordReader& reader);
  bool GoOn() const {
    if (options_.progress) options_.progress(1);
    return options_.stop == nullptr || !options_.stop->requested();
  }

  const std::string store_path_, file_path_;
  const PackOptions options_;
  std::vector<Shape> shapes_;
  std::map<std::string, std::size_t> shape_of_;  // by key
  struct Sweeps {
    std::vector<std::string> names, texts, overrides;
  } sweeps_;
  std::map<std::string, Expected> expected_;  // by run id
  PackSummary summary_;
};

void Packer::RefuseExisting() const {
  std::error_code error;
  if (fs::is_directory(file_path_, error)) {
    throw InputError(file_path_, "is a directory", "name a file, as " + file_path_ + "/runs.h5");
  }
  if (!options_.replace && fs::exists(file_path_, error)) {
    throw InputError(file_path_, "is there already", "name another file, or give --force");
  }
}

void Packer::Plan() {
  const Catalog catalog(store_path_);
  std::vector<Source> sources;
  try {
    Statement select(catalog.connection(),
                     "SELECT shards.name, shard_row FROM run_rows JOIN shards"
                     " ON shards.number = run_rows.shard"
                     " ORDER BY shards.created_utc, shards.name, shard_row");
    while (select.Step()) {
      const std::string path = ShardsDirectory(store_path_) + "/" + select.Text(0);
      if (sources.empty() || sources.back().path != path) sources.push_back({path, {}});
      sources.back().rows.push_back(select.Integer(1));
    }
    ReadSweeps(catalog.connection());
  } catch (const SqliteFault& fault) {
    throw DamagedError(CatalogPath(store_path_), fault.what(),
                       "delete the store's catalog.sqlite*; it is made again from the shards");
  }
  if (sources.empty()) throw InputError(store_path_, "has no runs", "run a sweep into it first");
  for (Source& source : sources) AddSource(std::move(source));
}

void Packer::ReadSweeps(sqlite3* connection) {
  Statement select(connection, "SELECT name, text, overrides FROM sweeps ORDER BY name");
  while (select.Step()) {
    sweeps_.names.push_back(select.Text(0));
    sweeps_.texts.push_back(select.Text(1));
    sweeps_.overrides.push_back(select.Text(2));
  }
  summary_.sweeps = std::ssize(sweeps_.names);
}

void Packer::AddSource(Source&& source) {
  const RecordReader reader(source.path);
  const ShardInfo& info = reader.info();
  const std::string sweep = info.Attribute("sweep_name");
  const std::string version = info.Attribute("numerics_version");
  const std::string key = sweep + "\n" + version + "\n" + reader.shape_key();
  const auto [place, is_new] = shape_of_.try_emplace(key, shapes_.size());
  if (is_new) {
    const train::RunConfig& config = reader.first_config();
    Shape shape;
    shape.sweep = sweep;
    shape.numerics_version = std::atoll(version.c_str());
    shape.width = config.model.width;
    shape.depth = config.model.depth;
    shape.steps = config.steps;
    shapes_.push_back(std::move(shape));
  }
  Shape& shape = shapes_[place->second];
  shape.runs += std::ssize(source.rows);
  shape.infos.push_back(info);
  shape.sources.push_back(std::move(source));
}

bool Packer::WriteShapes(ShardFile& whole) {
  summary_.shapes = std::ssize(shapes_);
  if (shapes_.size() == 1) return WriteShape(shapes_.front(), whole);
  for (std::size_t i = 0; i < shapes_.size(); ++i) {
    ShardFile file(whole, ShapeGroup(static_cast<int>(i)));
    if (!WriteShape(shapes_[i], file)) return false;
    file.Finish();
  }
  WriteContents(whole);
  return true;
}

EncodedRun Encode(StoredRecord&& stored, const train::RecordOptions& recorded,
                  const std::shared_ptr<const data::Dataset>& dataset) {
  EncodedRun run = EncodeRun(std::move(stored.record), recorded, dataset);
  // As they stand in the shard, whatever this program would make of the configuration.
  for (std::size_t i = 0; i < stored.columns.size(); ++i) {
    if (stored.columns[i]) run.columns[i] = std::move(*stored.columns[i]);
  }
  return run;
}

bool Packer::WriteShape(const Shape& shape, ShardFile& file) {
  const RecordReader first(shape.sources.front().path, "", true);
  const StoredData data = first.Data();
  ShardBuilder builder(std::move(file), Encode(first.Read(0), first.recorded(), data.dataset),
                       static_cast<std::size_t>(shape.runs));
  for (const Source& source : shape.sources) {
    if (!WriteRuns(source, data, builder)) return false;
  }
  builder.FinishRuns();
  file = std::move(builder.file());
  WriteData(file, *data.dataset, first.first_config(), data.digest, data.stored);
  WriteProvenance(file, shape.infos);
  WritePlottingHints(file);
  return true;
}

bool Packer::WriteRuns(const Source& source, const StoredData& data, ShardBuilder& builder) {
  const RecordReader reader(source.path, "", true);
  std::shared_ptr<const std::vector<bool>> columns;
  for (const std::int64_t row : source.rows) {
    StoredRecord stored = reader.Read(row);
    if (!columns) columns = std::make_shared<const std::vector<bool>>(ColumnsOf(stored));
    expected_[stored.record.run_id] = {DigestOf(stored), columns};
    EncodedRun run = Encode(std::move(stored), reader.recorded(), data.dataset);
    if (run.shape->key != builder.shape_key()) {
      throw DamagedError(source.path, "holds runs of several shapes", DamageRemedy(source.path));
    }
    summary_.raw_bytes += run.raw_bytes;
    builder.Add(std::move(run));
    ++summary_.runs;
    if (!GoOn()) return false;
  }
  return true;
}

// What the groups are, for whoever opens the file.
void Packer::WriteContents(ShardFile& whole) const {
  std::vector<std::string> groups, sweeps;
  std::map<std::string, std::vector<std::int64_t>> numbers;
  for (std::size_t i = 0; i < shapes_.size(); ++i) {
    const Shape& shape = shapes_[i];
    groups.push_back(ShapeGroup(static_cast<int>(i)));
    sweeps.push_back(shape.sweep);
    numbers["width"].push_back(shape.width);
    numbers["depth"].push_back(shape.depth);
    numbers["steps"].push_back(shape.steps);
    numbers["runs"].push_back(shape.runs);
    numbers["numerics_version"].push_back(shape.numerics_version);
  }
  whole.DefineDimension("", "shape", shapes_.size());
  whole.WriteColumn("", "shape", "group", ValueType::kString, groups, "name of the group", "");
  whole.WriteColumn("", "shape", "sweep", ValueType::kString, sweeps, "of its runs", "");
  for (const auto& [name, values] : numbers) {
    whole.WriteColumn("", "shape", name, ValueType::kInteger, values, "of its runs", "");
  }
  WritePackedProvenance(whole, static_cast<std::int32_t>(shapes_.size()));
}

void Packer::WriteSweeps(ShardFile& whole) const {
  if (sweeps_.names.empty()) return;
  const std::string group = "sweeps", rows = "sweep";
  whole.DefineDimension(group, rows, sweeps_.names.size());
  const auto column = [&](const char* name, const std::vector<std::string>& texts,
                          const char* description) {
    whole.WriteColumn(group, rows, name, ValueType::kString, texts, description, "");
  };
  column("name", sweeps_.names, "of the sweep file");
  column("text", sweeps_.texts, "of the sweep file, verbatim");
  column("overrides", sweeps_.overrides, "what --set changed, one a line");
}

bool Packer::CheckFile(const std::string& path) {
  bool checked = false;
  for (std::size_t i = 0; i < shapes_.size(); ++i) {
    const std::string group = shapes_.size() == 1 ? "" : ShapeGroup(static_cast<int>(i));
    const RecordReader reader(path, group, std::exchange(checked, true));
    if (!CheckShape(shapes_[i], reader)) return false;
  }
  return true;
}

bool Packer::CheckShape(const Shape& shape, const RecordReader& reader) {
  if (reader.info().runs != shape.runs) {
    throw SystemError(file_path_, "does not hold all runs that were written to it", "");
  }
  for (std::int64_t row = 0; row < shape.runs; ++row) {
    StoredRecord stored = reader.Read(row);
    const auto expected = expected_.find(stored.record.run_id);
    if (expected == expected_.end()) {
      throw SystemError(file_path_, "holds a run that was not written to it", "");
    }
    for (std::size_t i = 0; i < stored.columns.size(); ++i) {
      if (!(*expected->second.columns)[i]) stored.columns[i].reset();
    }
    if (DigestOf(stored) != expected->second.digest) {
      throw SystemError(file_path_, "run " + expected->first + " is not as it was in its shard",
                        "check the memory and the disk of this machine");
    }
    expected_.erase(expected);
    if (!GoOn()) return false;
  }
  return true;
}

}  // namespace

std::optional<PackSummary> Pack(const std::string& store_path, const std::string& file_path,
                                const PackOptions& options) {
  return Packer(store_path, file_path, options).Run();
}

}  // namespace crease::store
