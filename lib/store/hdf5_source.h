// A shard's HDF5 file while it is read. HDF5 finds the chunks; their bytes are read and checked
// here, because HDF5 trusts what a damaged file says about them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/core/error.h"
#include "lib/store/chunk_codec.h"
#include "lib/store/columns.h"
#include "lib/store/file_seal.h"
#include "lib/store/hdf5_handle.h"

namespace crease::store {

// A data set found in the file, with what matters about it checked.
struct SourceDataset {
  std::string path;
  DatasetHandle handle;
  H5T_class_t type = H5T_NO_CLASS;    // integer, float or string
  std::optional<ChunkLayout> layout;  // none if the data set has no element
  std::vector<std::size_t> dims;
  std::size_t element_bytes = 0;
};

// Where a chunk's bytes are in the file.
struct ChunkPlace {
  std::uint64_t address = 0, bytes = 0;
  std::uint32_t filter_mask = 0;
};

// One thread at a time, except where it says otherwise. All members throw Error(kDamaged) naming
// file and data set.
class Hdf5Source {
 public:
  // `group`: paths start there; "" is the file's root. Error(kSystem) if it cannot be opened.
  explicit Hdf5Source(const std::string& path, const std::string& group = "");
  ~Hdf5Source();
  Hdf5Source(const Hdf5Source&) = delete;
  Hdf5Source& operator=(const Hdf5Source&) = delete;

  std::uint64_t size_bytes() const { return size_bytes_; }
  // The line at the end of the file, if it has one that fits.
  const std::optional<FileSeal>& seal() const { return seal_; }
  // Digest of the bytes that the seal covers; "" if `on_read` ended the reading. Requires: seal().
  // Thread-safe.
  std::string ActualDigest(const OnBytesRead& on_read = nullptr) const;

  // Empty if there is no such data set.
  std::optional<SourceDataset> Find(const std::string& path) const;
  // The bytes of one row of the first axis, of `count` rows from the `first`, or of all.
  std::vector<std::byte> ReadRow(const SourceDataset& dataset, std::size_t row) const;
  std::vector<std::byte> ReadRows(const SourceDataset& dataset, std::size_t first,
                                  std::size_t count) const;
  std::vector<std::byte> ReadAll(const SourceDataset& dataset) const;
  // The place of a block of the data set's layout.
  ChunkPlace Locate(const SourceDataset& dataset, const ChunkLayout::Block& block) const;
  // Fills `raw` (ChunkLayout::chunk_bytes). Returns "" or what is wrong. Thread-safe: calls no
  // HDF5. Throws Error(kSystem) only.
  std::string Load(const ChunkPlace& place, std::size_t element_bytes,
                   std::span<std::byte> raw) const;
  // A data set (rows) as a column.
  ColumnValues ReadColumn(const SourceDataset& dataset) const;

  // All data sets that are stored in chunks, by path. What cannot be opened is passed to
  // `on_damage` and left out; without, it is thrown.
  std::vector<std::string> Datasets(
      const std::function<void(const Error&)>& on_damage = nullptr) const;
  // Attributes of the group, or of a group in it: texts and integers as text, lists separated by
  // commas. Empty if there is no such group.
  std::vector<std::pair<std::string, std::string>> Attributes(const std::string& group = "") const;

  [[noreturn]] void Damaged(const std::string& dataset, const std::string& what) const;

 private:
  bool IsChunkedDataset(const std::string& name) const;
  void AddDatasets(const std::string& group, int depth, std::vector<std::string>& paths,
                   const std::function<void(const Error&)>& on_damage) const;
  std::vector<std::byte> ReadRange(const SourceDataset& dataset, std::size_t first_chunk,
                                   std::size_t last_chunk, std::size_t from, std::size_t to) const;

  std::string path_, group_;
  int descriptor_ = -1;
  std::uint64_t size_bytes_ = 0;
  std::optional<FileSeal> seal_;
  FileHandle file_;
  GroupHandle base_;
};

}  // namespace crease::store
