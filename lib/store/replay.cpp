#include "lib/store/replay.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <span>
#include <unistd.h>
#include <utility>
#include <vector>

#include "lib/core/error.h"
#include "lib/store/hdf5_handle.h"
#include "lib/store/hdf5_source.h"
#include "lib/store/run_encoder.h"
#include "lib/store/shard_builder.h"

namespace crease::store {
namespace {

namespace fs = std::filesystem;

bool SameBits(float a, float b) {
  return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b) ||
         (std::isnan(a) && std::isnan(b));
}

std::string IndexText(std::size_t position, std::span<const std::size_t> shape) {
  if (shape.empty()) return "";
  std::string text;
  for (std::size_t i = shape.size(); i-- > 0;) {
    text = std::to_string(position % shape[i]) + (text.empty() ? "" : ", " + text);
    position /= shape[i];
  }
  return "[" + text + "]";
}

const train::RecordedAxis& StepsOf(const train::RunRecord& run, const std::string& group) {
  const auto found = std::find_if(run.axes.begin(), run.axes.end(), [&](const auto& axis) {
    return axis.group == group && axis.name == "step";
  });
  return *found;  // every recorder reports its steps
}

AlignedVector<float> StateRow(const ShardReader& reader, const std::string& name, std::int64_t run,
                              std::size_t row, std::size_t size) {
  if (size == 0) return {};
  const std::vector<float> values = reader.Row("checkpoints/" + name, run);
  if (values.size() < (row + 1) * size) {
    throw DamagedError(reader.info().path + ":/checkpoints/" + name,
                       "has not the size of the run's network", "crease verify tells more");
  }
  const auto first = values.begin() + static_cast<std::ptrdiff_t>(row * size);
  return {first, first + static_cast<std::ptrdiff_t>(size)};
}

// Counts the values of one step, and notes the first difference unless there is an earlier one.
// False if there is a difference.
bool CompareStep(const std::string& dataset, std::int64_t step, std::span<const float> stored,
                 std::span<const float> replayed, std::span<const std::size_t> shape,
                 ReplayComparison& comparison) {
  comparison.values += std::ssize(stored);
  for (std::size_t i = 0; i < stored.size(); ++i) {
    if (SameBits(stored[i], replayed[i])) continue;
    if (!comparison.first || step < comparison.first->step) {
      comparison.first = {dataset, step, IndexText(i, shape), stored[i], replayed[i]};
    }
    return false;
  }
  return true;
}

// One array of a replay against its row in the shard.
void CompareArray(const ShardReader& reader, std::int64_t run, const train::RecordedArray& array,
                  const std::vector<std::int64_t>& replayed_steps, std::int64_t first,
                  std::int64_t last, ReplayComparison& comparison) {
  const std::string path = array.group.empty() ? array.name : array.group + "/" + array.name;
  const std::vector<float> stored = reader.Row(path, run);
  const std::vector<double> steps = reader.Steps(array.group);
  const std::size_t row = array.values.size() / array.shape[0];
  if (stored.size() != steps.size() * row) {
    throw DamagedError(reader.info().path + ":/" + path, "has not the shape that its run records",
                       "crease verify tells more");
  }
  for (std::size_t r = 0; r < replayed_steps.size(); ++r) {
    const std::int64_t step = replayed_steps[r];
    const auto at = std::lower_bound(steps.begin(), steps.end(), static_cast<double>(step));
    if (step < first || step > last || at == steps.end() || *at != static_cast<double>(step)) {
      continue;
    }
    const std::size_t from = static_cast<std::size_t>(at - steps.begin()) * row;
    if (!CompareStep("/" + path, step, std::span(stored).subspan(from, row),
                     std::span(array.values).subspan(r * row, row),
                     std::span(array.shape).subspan(1), comparison)) {
      return;
    }
  }
}

}  // namespace

train::Snapshot NearestState(const ShardReader& reader, std::int64_t run, std::int64_t step,
                             const train::SnapshotSizes& sizes) {
  const std::vector<double> steps = reader.Steps("checkpoints");
  const auto after = std::upper_bound(steps.begin(), steps.end(), static_cast<double>(step));
  for (auto row = static_cast<std::size_t>(after - steps.begin()); row-- > 0;) {
    train::Snapshot state;
    state.step = static_cast<std::int64_t>(steps[row]);
    state.parameters = StateRow(reader, "parameters", run, row, sizes.parameters);
    // Of a run that diverged, the states from then on are not there.
    if (std::isnan(state.parameters[0])) continue;
    state.first_moment = StateRow(reader, "first_moment", run, row, sizes.first_moment);
    state.second_moment = StateRow(reader, "second_moment", run, row, sizes.second_moment);
    return state;
  }
  return {};
}

ReplayComparison CompareWithShard(const ShardReader& reader, std::int64_t run,
                                  const train::RunRecord& replayed, std::int64_t first,
                                  std::int64_t last) {
  ReplayComparison comparison;
  for (const train::RecordedArray& array : replayed.arrays) {
    if (array.values.empty()) continue;
    CompareArray(reader, run, array, StepsOf(replayed, array.group).values, first, last,
                 comparison);
  }
  return comparison;
}

BurstRows FindBurstRows(const ShardReader& reader, std::int64_t run, std::int64_t first,
                        std::int64_t last) {
  BurstRows found;
  const std::vector<double> runs = reader.Axis("bursts", "run_index");
  const std::vector<double> steps = reader.Steps("bursts");
  if (runs.size() != steps.size()) {
    throw DamagedError(reader.info().path + ":/bursts/step", "does not have a value for every row",
                       "crease verify tells more");
  }
  for (std::size_t row = 0; row < runs.size(); ++row) {
    const auto step = static_cast<std::int64_t>(steps[row]);
    if (runs[row] != static_cast<double>(run) || step < first || step > last) continue;
    found.rows.push_back(row);
    found.steps.push_back(step);
  }
  found.points = std::ssize(reader.Axis("bursts", "point"));
  return found;
}

ReplayComparison CompareWithBursts(const ShardReader& reader, const BurstRows& bursts,
                                   const train::RunRecord& replayed) {
  ReplayComparison comparison;
  for (const train::RecordedArray& array : replayed.arrays) {
    const std::string path = "/bursts/" + array.name;
    const std::optional<SourceDataset> dataset = reader.source().Find(path);
    const std::size_t size = array.values.size() / std::max<std::size_t>(1, array.shape[0]);
    if (!dataset || dataset->dims[0] <= bursts.rows.back()) {
      reader.source().Damaged(path, "does not have every row");
    }
    for (std::size_t r = 0; r < bursts.rows.size(); ++r) {
      const std::vector<std::byte> bytes = reader.source().ReadRow(*dataset, bursts.rows[r]);
      std::vector<float> stored(bytes.size() / sizeof(float));
      if (stored.size() != size) reader.source().Damaged(path, "has another shape than its run");
      std::memcpy(stored.data(), bytes.data(), bytes.size());
      if (!CompareStep(path, bursts.steps[r], stored,
                       std::span(array.values).subspan(r * size, size),
                       std::span(array.shape).subspan(1), comparison)) {
        break;
      }
    }
  }
  return comparison;
}

std::uint64_t WriteRunFile(const std::string& path, bool replace, train::RunRecord&& record,
                           const train::RecordOptions& recorded,
                           std::shared_ptr<const data::Dataset> dataset,
                           const ReplayOrigin& origin) {
  SilenceHdf5();
  const std::string directory = fs::path(path).parent_path().string();
  EncodedRun run = EncodeRun(std::move(record), recorded, std::move(dataset));
  ShardBuilder builder(directory.empty() ? "." : directory, run);
  builder.Add(std::move(run));
  const ShardBuilder::Sealed sealed = builder.SealAs(path, replace,
                                                     {.sweep_name = origin.sweep_name,
                                                      .instruction_set = origin.instruction_set,
                                                      .replay_of = origin.shard});
  if (!sealed.is_new) {
    throw InputError(path, "is there already", "name another file, or give --force");
  }
  return sealed.file_bytes;
}

}  // namespace crease::store
