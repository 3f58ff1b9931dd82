// In: the file of a sealed shard, or a packed file. Out: what is wrong with it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "lib/core/stop.h"
#include "lib/store/copies.h"
#include "lib/store/reader.h"

namespace crease::store {

struct Finding {
  std::string dataset;  // "/weights/linear0_weight"; "" where none can be named
  std::string what;
};

struct VerifyControls {
  int threads = 1;
  const StopToken* stop = nullptr;
  bool in_store = false;  // where packed files of several shapes have no place
  // Called with the bytes of the file that were checked since; by any thread, one at a time.
  std::function<void(std::uint64_t bytes)> progress = nullptr;
};

struct FileReport {
  std::string path;
  std::uint64_t bytes = 0;
  bool sealed = false;  // has a digest of all bytes, as files of format 1.1 and later do
  std::int64_t datasets = 0;
  bool digest_differs = false;
  std::vector<Finding> findings;  // none: sound
  std::vector<RunCopy> runs;      // all of a sound file; of a damaged one those still to be had
  bool runs_are_known = false;    // `runs` is all
  bool stopped = false;           // by the token: nothing is known
};

// Compares the digest of all bytes, decodes every chunk of every data set, and holds the contents
// against FORMAT.md. Goes on after a fault, so as to find in which data sets there are some. Never
// throws Error(kDamaged); throws Error(kSystem) if the file cannot be read. HDF5 is called by the
// calling thread alone.
FileReport VerifyFile(const std::string& path, const VerifyControls& controls = {});

// The runs of a shard, which is group `group` of its file. Throws Error(kDamaged).
std::vector<RunCopy> ReadCopies(const ShardReader& reader, const std::string& group = "");

// Moves a shard to STORE/damaged, under its name or, if that is taken, NAME-1, NAME-2, ...;
// durable. Returns the new path. Throws Error(kSystem).
std::string MoveAside(const std::string& store_path, const std::string& shard_path);

}  // namespace crease::store
