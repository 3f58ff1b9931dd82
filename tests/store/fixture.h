// Synthetic runs for the tests of the store: every value is a function of (run, array, index), so
// that what comes back can be told to be right.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "lib/data/dataset.h"
#include "lib/train/run_record.h"

namespace crease::store::testing {

// A directory that is removed at the end.
class TemporaryDirectoryGuard {
 public:
  TemporaryDirectoryGuard();
  ~TemporaryDirectoryGuard();
  TemporaryDirectoryGuard(const TemporaryDirectoryGuard&) = delete;
  TemporaryDirectoryGuard& operator=(const TemporaryDirectoryGuard&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct SampleOptions {
  std::int64_t steps = 500;
  std::int64_t width = 3;
  std::int64_t depth = 2;
  train::RecordOptions record = {};
};

// The run of seed `seed`: loss, accuracy, norms, weights, activations; seed % 3 transitions; every
// seventh diverges half-way.
train::RunRecord MakeRecord(std::uint64_t seed, const SampleOptions& options = {});

// Rows around the record's transitions, as many as the seed says; none if it has no transition.
void AddBursts(std::uint64_t seed, train::RunRecord& record);

float SampleValue(std::uint64_t seed, const std::string& array, std::size_t index);

// Two classes of `points` points in two dimensions, and half as many to test on.
std::shared_ptr<const data::Dataset> MakeDataset(std::size_t points = 40);

// Everything about a store that must survive: fails the current test where a stored run differs
// from MakeRecord of its seed. Returns the number of runs.
std::int64_t CheckStore(const std::string& store_path, const SampleOptions& options = {});

std::vector<std::filesystem::path> FilesIn(const std::string& directory);

}  // namespace crease::store::testing
