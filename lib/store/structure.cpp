#include "lib/store/structure.h"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "lib/core/error.h"
#include "lib/core/numerics_version.h"
#include "lib/store/columns.h"
#include "lib/store/hdf5_source.h"
#include "lib/store/source_metadata.h"
#include "lib/train/config_keys.h"

namespace crease::store {
namespace {

bool IsDigest(const std::string& text) {
  return text.size() == 32 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::string GroupOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 ? "" : path.substr(1, slash - 1);
}

// Whether a row of a column holds the value of its key.
bool Same(const train::ConfigKey& key, const Value& value, const ColumnValues& column,
          std::size_t row) {
  ColumnValues expected = EmptyColumn(key.type);
  if (expected.index() != column.index()) return false;
  AppendValue(expected, value);
  return std::visit(
      [&](const auto& values) {
        return std::get<std::decay_t<decltype(values)>>(expected)[0] == values[row];
      },
      column);
}

class StructureCheck {
 public:
  StructureCheck(const ShardReader& reader, bool whole) : reader_(reader), whole_(whole) {}

  std::vector<Finding> Run() {
    CheckAttributes();
    CheckRuns();
    CheckConfigurations();
    CheckTransitions();
    CheckBursts();
    for (const std::string& path : reader_.Datasets()) CheckDataset(path);
    return std::move(findings_);
  }

 private:
  void Find(const std::string& dataset, const std::string& what) {
    findings_.push_back({dataset, what});
  }

  std::size_t runs() const { return static_cast<std::size_t>(reader_.info().runs); }

  void CheckAttributes();
  void CheckRuns();
  void CheckConfigurations();
  void CheckConfiguration(std::size_t row, const StoredRun& run);
  void CheckTransitions();
  void CheckBursts();
  void CheckDataset(const std::string& path);
  void CheckAxis(const std::string& path, const SourceDataset& dataset);
  void CheckDimensions(const std::string& path, const SourceDataset& dataset);

  const ShardReader& reader_;
  const bool whole_;
  std::vector<Finding> findings_;
  std::vector<std::pair<const train::ConfigKey*, std::optional<ColumnValues>>> coordinates_;
};

void StructureCheck::CheckAttributes() {
  for (const char* name : {"numerics_version", "crease_version", "created_utc", "record"}) {
    if (reader_.info().Attribute(name).empty()) {
      Find("", "lacks the attribute " + std::string(name));
    }
  }
}

void StructureCheck::CheckRuns() {
  const std::vector<double> numbers = reader_.Axis("", "run");
  bool counts = numbers.size() == runs();
  for (std::size_t i = 0; counts && i < runs(); ++i) counts = numbers[i] == static_cast<double>(i);
  if (!counts) Find("/run", "does not count the runs");
  std::set<std::string> ids;
  for (const StoredRun& run : reader_.Runs()) {
    if (!IsDigest(run.run_id)) Find("/run_id", "has " + run.run_id + ", which is no id");
    if (!ids.insert(run.run_id).second) Find("/run_id", "has " + run.run_id + " twice");
    if (!IsDigest(run.digest)) Find("/digest", "has " + run.digest + ", which is no digest");
    if (run.outcome != "completed" && run.outcome != "diverged") {
      Find("/outcome", "has " + run.outcome + ", which is no outcome");
    }
  }
}

void StructureCheck::CheckConfigurations() {
  for (const train::ConfigKey& key : train::ConfigKeys()) {
    coordinates_.emplace_back(&key, reader_.Column(CoordinateName(key)));
  }
  const std::vector<StoredRun> all = reader_.Runs();
  for (std::size_t row = 0; row < all.size() && findings_.empty(); ++row) {
    CheckConfiguration(row, all[row]);
  }
}

// Only where this program's numbers are meant can an id be computed again.
void StructureCheck::CheckConfiguration(std::size_t row, const StoredRun& run) {
  const std::string where = "of run " + run.run_id + " ";
  if (std::atoi(reader_.info().Attribute("numerics_version").c_str()) != kNumericsVersion) return;
  try {
    const train::RunConfig config = train::ConfigFromJson(run.config_json);
    if (train::RunId(config) != run.run_id) {
      Find("/config", where + "is the configuration of another run");
    }
    for (const auto& [key, column] : coordinates_) {
      const std::string path = std::string("/").append(CoordinateName(*key));
      if (!column) {
        const std::string quoted = std::string("\"").append(key->short_name()).append("\"");
        if (run.config_json.find(quoted) != std::string::npos) {
          Find(path, "is missing");
        }
      } else if (!Same(*key, key->get(config), *column, row)) {
        Find(path, where + "is not as in its configuration");
      }
    }
    if (run.steps_done < 0 || run.steps_done > config.steps) {
      Find("/steps_done", where + "is no number of steps");
    }
  } catch (const Error& error) {
    Find("/config", where + error.problem());
  }
}

void StructureCheck::CheckTransitions() {
  const ShardReader::TransitionTable table = reader_.Transitions();
  if (!std::is_sorted(table.run_index.begin(), table.run_index.end())) {
    Find("/transitions/run_index", "is not in order");
  }
  for (const detect::Transition& t : table.transitions) {
    if (!(t.onset_step >= 0) || !(t.end_step >= t.onset_step)) {
      Find("/transitions/onset_step", "has a transition that ends before it begins");
      return;
    }
  }
}

// Rows of all runs, in their order, each near a transition.
void StructureCheck::CheckBursts() {
  const Hdf5Source& source = reader_.source();
  const auto check = [&](const std::string& path, std::size_t length) {
    const auto dataset = source.Find(path);
    if (!dataset) return;
    const ColumnValues column = source.ReadColumn(*dataset);
    const auto* values = std::get_if<std::vector<std::int64_t>>(&column);
    if (values == nullptr) return Find(path, "has another type");
    const auto beyond = [&](std::int64_t value) {
      return value < 0 || value >= static_cast<std::int64_t>(length);
    };
    if (!std::is_sorted(values->begin(), values->end())) Find(path, "is not in order");
    if (std::any_of(values->begin(), values->end(), beyond)) {
      Find(path, "names what is not there");
    }
  };
  check("/bursts/run_index", runs());
  check("/bursts/transition", reader_.Transitions().run_index.size());
}

void StructureCheck::CheckDataset(const std::string& path) {
  const auto dataset = reader_.source().Find(path);
  if (!dataset) return Find(path, "is missing");
  const std::string group = GroupOf(path);
  if (IsDimension(dataset->handle)) return CheckAxis(path, *dataset);
  const bool recorded =
      group.empty() || group == "weights" || group == "gradients" || group == "activations";
  if (recorded && dataset->dims[0] != runs()) {
    Find(path, "has " + std::to_string(dataset->dims[0]) + " rows for " + std::to_string(runs()) +
                   " runs");
  }
  CheckDimensions(path, *dataset);
}

void StructureCheck::CheckAxis(const std::string& path, const SourceDataset& dataset) {
  const ColumnValues values = reader_.source().ReadColumn(dataset);
  const auto* positions = std::get_if<std::vector<std::int64_t>>(&values);
  if (positions == nullptr) return Find(path, "is no axis");
  const auto stays = [](std::int64_t a, std::int64_t b) { return a >= b; };
  if (std::adjacent_find(positions->begin(), positions->end(), stays) != positions->end()) {
    Find(path, "does not increase");
  }
}

void StructureCheck::CheckDimensions(const std::string& path, const SourceDataset& dataset) {
  if (!NamesItsDimensions(dataset.handle)) return Find(path, "does not name its dimensions");
  if (!whole_) return;
  const std::vector<SourceDimension> dimensions = DimensionsOf(dataset.handle);
  if (dimensions.size() != dataset.dims.size()) {
    return Find(path, "does not name all of its dimensions");
  }
  for (std::size_t i = 0; i < dimensions.size(); ++i) {
    if (dimensions[i].length != dataset.dims[i]) {
      Find(path, "is not as long as its dimension " + dimensions[i].path);
    }
  }
}

}  // namespace

std::vector<Finding> CheckStructure(const ShardReader& reader, bool whole) {
  return StructureCheck(reader, whole).Run();
}

}  // namespace crease::store
