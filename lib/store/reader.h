// In: a store directory. Out: what its shards hold.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/detect/transition.h"
#include "lib/store/columns.h"

namespace crease::store {

class Hdf5Source;

struct ShardInfo {
  std::string path;
  std::string id;
  std::int64_t runs = 0;
  std::vector<std::pair<std::string, std::string>> attributes;  // root attributes as text

  std::string Attribute(const std::string& name) const;  // "" if there is none
};

struct StoredRun {
  std::string run_id, digest, config_json, record_json, outcome, no_verdict;
  std::int64_t steps_done = 0;
  double wall_seconds = 0;
  double final_loss = 0, final_accuracy = 0, final_test_loss = 0, final_test_accuracy = 0;
  double best_accuracy = 0;
  std::vector<detect::Transition> transitions;
};

// One sealed shard, opened for reading. Not thread-safe (HDF5 has one global lock).
// All throw Error(kDamaged) naming file and dataset where the contents are not as FORMAT.md says,
// and refuse newer major format versions.
class ShardReader {
 public:
  // `group`: of a packed file of several shapes, the one that is the shard.
  explicit ShardReader(const std::string& path, const std::string& group = "");
  ~ShardReader();
  ShardReader(ShardReader&&) noexcept;

  const ShardInfo& info() const;
  std::vector<StoredRun> Runs() const;
  std::vector<double> Steps(const std::string& group) const;  // group "" is the root
  // One row of (run, ...): e.g. Row("loss", 3). Empty if there is no such dataset.
  std::vector<float> Row(const std::string& dataset, std::int64_t run) const;

  // The axis `name` of a group, as "test_step" or "point". Empty if there is none.
  std::vector<double> Axis(const std::string& group, const std::string& name) const;
  // (run, ...): lengths of all axes. Empty if there is no such data set.
  std::vector<std::size_t> Shape(const std::string& dataset) const;
  // One value a run, as "width". Empty if there is no such data set.
  std::optional<ColumnValues> Column(const std::string& name) const;
  struct TransitionTable {
    std::vector<std::int64_t> run_index;
    std::vector<detect::Transition> transitions;
  };
  TransitionTable Transitions() const;
  // Paths of all data sets, as "/weights/linear0_weight".
  std::vector<std::string> Datasets() const;

  // For the checks of this folder.
  const Hdf5Source& source() const;

  // Reads every byte of the file and every data set, and checks them. Throws at the first fault.
  void Verify() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The groups of a file that are shards: "" for a shard, shape_0, shape_1, ... for a packed file of
// several shapes. Throws as ShardReader does.
std::vector<std::string> ShardGroups(const std::string& path);

// Paths of the sealed shards, sorted. Throws Error(kInput) if `store_path` is no store.
std::vector<std::string> ListShards(const std::string& store_path);

}  // namespace crease::store
