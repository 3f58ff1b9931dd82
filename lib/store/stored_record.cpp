#include "lib/store/stored_record.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "lib/core/error.h"
#include "lib/core/hash.h"
#include "lib/store/format.h"
#include "lib/store/hdf5_source.h"
#include "lib/store/run_encoder.h"
#include "lib/store/source_metadata.h"
#include "lib/train/config_keys.h"
#include "lib/train/schedule.h"

namespace crease::store {
namespace {

std::string GroupOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 ? "" : path.substr(1, slash - 1);
}

std::string NameOf(const std::string& path) { return path.substr(path.rfind('/') + 1); }

bool IsRunColumn(const std::string& name) {
  return std::any_of(RunColumns().begin(), RunColumns().end(),
                     [&](const RunColumn& column) { return column.name == name; });
}

Value ValueAt(const ColumnValues& column, ValueType type, std::size_t row) {
  if (const auto* texts = std::get_if<std::vector<std::string>>(&column)) return (*texts)[row];
  if (const auto* reals = std::get_if<std::vector<double>>(&column)) return (*reals)[row];
  const std::int64_t integer = std::get<std::vector<std::int64_t>>(column)[row];
  if (type == ValueType::kBool) return integer != 0;
  return integer;
}

void RefuseNewer(const ShardInfo& info) {
  const std::string version = info.Attribute("format_version");
  const std::size_t comma = version.find(',');
  if (comma == std::string::npos || std::atoi(version.c_str() + comma + 1) <= kFormatMinor) return;
  throw DamagedError(info.path,
                     "is of a newer format, " + version + ", whose contents are not all known here",
                     "use a newer version of Crease");
}

template <typename T, typename Values>
void FillFrom(const Hdf5Source& source, const std::string& path, Values& values) {
  const auto dataset = source.Find(path);
  if (!dataset || dataset->element_bytes != sizeof(T)) source.Damaged(path, "is missing");
  const std::vector<std::byte> bytes = source.ReadAll(*dataset);
  values.resize(bytes.size() / sizeof(T));
  if (!bytes.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
}

}  // namespace

train::RunRecord WithoutArrays(const StoredRun& stored) {
  train::RunRecord record;
  record.run_id = stored.run_id;
  record.config = train::ConfigFromJson(stored.config_json);
  record.outcome =
      stored.outcome == "diverged" ? train::Outcome::kDiverged : train::Outcome::kCompleted;
  record.steps_done = stored.steps_done;
  record.wall_seconds = stored.wall_seconds;
  record.digest = stored.digest;
  record.final_loss = stored.final_loss;
  record.final_accuracy = stored.final_accuracy;
  record.final_test_loss = stored.final_test_loss;
  record.final_test_accuracy = stored.final_test_accuracy;
  record.best_accuracy = stored.best_accuracy;
  record.transitions = stored.transitions;
  record.no_verdict = stored.no_verdict;
  return record;
}

RecordReader::RecordReader(const std::string& path, const std::string& group, bool checked)
    : reader_(path, group) {
  const Hdf5Source& source = reader_.source();
  RefuseNewer(reader_.info());
  if (!checked && source.seal() && source.ActualDigest() != source.seal()->digest) {
    source.Damaged("", "does not have the digest that its seal says");
  }
  recorded_ = train::RecordFromJson(reader_.info().Attribute("record"));
  ReadColumns();
  FindArrays();
  if (runs_.empty()) return;
  const train::RunRecord first = Outline(0);
  first_config_ = first.config;
  shape_key_ = ShapeKeyOf(first, recorded_);
}

void RecordReader::ReadColumns() {
  for (const RunColumn& column : RunColumns()) {
    columns_.push_back(reader_.Column(column.name));
    if (columns_.back() && columns_.back()->index() != EmptyColumn(column.type).index()) {
      reader_.source().Damaged("/" + column.name, "has another type");
    }
  }
  runs_ = reader_.Runs();
  std::int64_t transitions = 0;
  for (const StoredRun& run : runs_) {
    first_transition_.push_back(transitions);
    transitions += std::ssize(run.transitions);
  }
}

void RecordReader::FindArrays() {
  for (const std::string& path : reader_.Datasets()) AddArray(path);
  const auto column = [&](const char* name) {
    const auto values = reader_.source().Find("/bursts/" + std::string(name));
    if (!values) return std::vector<std::int64_t>();
    ColumnValues read = reader_.source().ReadColumn(*values);
    if (read.index() != 0) reader_.source().Damaged(values->path, "has another type");
    return std::get<std::vector<std::int64_t>>(std::move(read));
  };
  burst_run_ = column("run_index");
  burst_step_ = column("step");
  burst_transition_ = column("transition");
  if (burst_step_.size() != burst_run_.size() || burst_transition_.size() != burst_run_.size() ||
      !std::is_sorted(burst_run_.begin(), burst_run_.end())) {
    reader_.source().Damaged("/bursts", "is not in order of its runs");
  }
}

void RecordReader::AddArray(const std::string& path) {
  const std::string group = GroupOf(path), name = NameOf(path);
  if (group == "data" || group == "transitions" || group == "sweeps") return;
  const Hdf5Source& source = reader_.source();
  const auto dataset = source.Find(path);
  if (!dataset || (group.empty() && (name == "run" || IsRunColumn(name)))) return;
  if (IsDimension(dataset->handle)) {
    const ColumnValues values = source.ReadColumn(*dataset);
    const auto* positions = std::get_if<std::vector<std::int64_t>>(&values);
    if (positions == nullptr) source.Damaged(path, "is no axis");
    if (group == "bursts") return;  // made again by whoever writes them
    axes_.push_back({group, name, TextAttribute(dataset->handle, "long_name"), *positions});
    return;
  }
  if (dataset->type != H5T_FLOAT || dataset->element_bytes != sizeof(float)) {
    if (group == "bursts") return;  // its columns
    source.Damaged(path, "is no recorded array");
  }
  train::RecordedArray array;
  array.group = group;
  array.name = name;
  array.description = TextAttribute(dataset->handle, "long_name");
  array.units = TextAttribute(dataset->handle, "units");
  array.shape = dataset->dims;
  for (const SourceDimension& dimension : DimensionsOf(dataset->handle)) {
    array.dimensions.push_back(NameOf(dimension.path));
  }
  if (array.dimensions.size() != array.shape.size()) source.Damaged(path, "lacks its dimensions");
  if (group == "bursts") {
    bursts_.push_back(std::move(array));
    return;
  }
  array.dimensions.erase(array.dimensions.begin());
  array.shape.erase(array.shape.begin());
  arrays_.push_back(std::move(array));
}

train::RunRecord RecordReader::Outline(std::int64_t run) const {
  train::RunRecord record = WithoutArrays(runs_[static_cast<std::size_t>(run)]);
  record.axes = axes_;
  record.arrays = arrays_;
  return record;
}

StoredRecord RecordReader::Read(std::int64_t run) const {
  StoredRecord stored;
  stored.record = Outline(run);
  for (train::RecordedArray& array : stored.record.arrays) {
    array.values = reader_.Row((array.group.empty() ? "" : array.group + "/") + array.name, run);
  }
  FillBursts(run, first_transition_[static_cast<std::size_t>(run)], stored.record);
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    stored.columns.emplace_back();
    if (!columns_[i]) continue;
    stored.columns.back() =
        ValueAt(*columns_[i], RunColumns()[i].type, static_cast<std::size_t>(run));
  }
  return stored;
}

void RecordReader::FillBursts(std::int64_t run, std::int64_t first_transition,
                              train::RunRecord& record) const {
  const auto [from, to] = std::equal_range(burst_run_.begin(), burst_run_.end(), run);
  if (from == to) return;
  const auto first = static_cast<std::size_t>(from - burst_run_.begin());
  const auto count = static_cast<std::size_t>(to - from);
  for (std::size_t i = first; i < first + count; ++i) {
    record.bursts.step.push_back(burst_step_[i]);
    record.bursts.transition.push_back(burst_transition_[i] - first_transition);
  }
  for (const train::RecordedArray& shape : bursts_) {
    train::RecordedArray array = shape;
    const auto dataset = reader_.source().Find("/bursts/" + shape.name);
    if (!dataset || !dataset->layout || dataset->dims[0] != burst_run_.size()) {
      reader_.source().Damaged("/bursts/" + shape.name, "does not have a value for every row");
    }
    const std::vector<std::byte> bytes = reader_.source().ReadRows(*dataset, first, count);
    array.shape[0] = count;
    array.values.resize(bytes.size() / sizeof(float));
    std::memcpy(array.values.data(), bytes.data(), bytes.size());
    record.bursts.arrays.push_back(std::move(array));
  }
}

StoredData RecordReader::Data() const {
  const Hdf5Source& source = reader_.source();
  StoredData data;
  auto dataset = std::make_shared<data::Dataset>();
  const auto attributes = source.Attributes("data");
  const auto text = [&](const char* name) -> std::string {
    for (const auto& [key, value] : attributes) {
      if (key == name) return value;
    }
    source.Damaged("/data", std::string("lacks the attribute ").append(name));
  };
  const auto number = [&](const char* name) {
    return static_cast<std::size_t>(std::strtoull(text(name).c_str(), nullptr, 10));
  };
  data.digest = text("digest");
  data.stored = number("stored") != 0;
  dataset->task = text("task");
  dataset->inputs = number("inputs");
  dataset->outputs = number("outputs");
  dataset->regression = number("regression") != 0;
  if (number("fresh_points_per_step") > 0) {
    dataset->fresh.emplace();
    dataset->fresh->points_per_step = number("fresh_points_per_step");
  }
  dataset->train.points = number("points");
  dataset->test.points = number("test_points");
  for (data::Split* split : {&dataset->train, &dataset->test}) {
    if (!data.stored || split->points == 0) continue;
    const std::string suffix = split == &dataset->train ? "" : "_test";
    FillFrom<float>(source, "/data/x" + suffix, split->x);
    if (dataset->regression) {
      FillFrom<float>(source, "/data/y" + suffix, split->targets);
    } else {
      FillFrom<std::int32_t>(source, "/data/y" + suffix, split->labels);
    }
  }
  data.dataset = std::move(dataset);
  return data;
}

namespace {

class RecordHasher {
 public:
  void Add(const std::string& text) {
    Add(std::int64_t{std::ssize(text)});
    hasher_.Add(text);
  }
  void Add(std::int64_t number) { hasher_.Add(&number, sizeof number); }
  void Add(double number) { hasher_.Add(&number, sizeof number); }
  void Add(bool truth) { Add(std::int64_t{truth}); }
  void Add(const train::RecordedArray& array) {
    Add(array.group);
    Add(array.name);
    Add(array.description);
    Add(array.units);
    for (const std::string& dimension : array.dimensions) Add(dimension);
    for (const std::size_t length : array.shape) Add(static_cast<std::int64_t>(length));
    hasher_.Add(std::span<const float>(array.values));
  }
  std::string Digest() const { return hasher_.HexDigest(); }

 private:
  Hasher hasher_;
};

}  // namespace

std::string DigestOf(const StoredRecord& stored) {
  RecordHasher hasher;
  const train::RunRecord& record = stored.record;
  for (std::size_t i = 0; i < stored.columns.size(); ++i) {
    if (!stored.columns[i]) continue;
    hasher.Add(RunColumns()[i].name);
    std::visit([&](const auto& value) { hasher.Add(value); }, *stored.columns[i]);
  }
  for (const train::RecordedAxis& axis : record.axes) {
    hasher.Add(axis.group);
    hasher.Add(axis.name);
    hasher.Add(axis.description);
    for (const std::int64_t value : axis.values) hasher.Add(value);
  }
  for (const train::RecordedArray& array : record.arrays) hasher.Add(array);
  for (const detect::Transition& transition : record.transitions) {
    for (const TransitionColumn& column : TransitionColumns()) {
      std::visit([&](auto field) { hasher.Add(transition.*field); }, column.field);
    }
  }
  for (const std::int64_t step : record.bursts.step) hasher.Add(step);
  for (const std::int64_t index : record.bursts.transition) hasher.Add(index);
  for (const train::RecordedArray& array : record.bursts.arrays) hasher.Add(array);
  return hasher.Digest();
}

}  // namespace crease::store
