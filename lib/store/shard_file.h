// A shard's HDF5 file while it is written: groups, dimensions, data sets and attributes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/store/chunk_codec.h"
#include "lib/store/columns.h"
#include "lib/store/files.h"
#include "lib/store/hdf5_handle.h"
#include "lib/store/hdf5_output.h"

namespace crease::store {

enum class ElementType { kInt8, kInt32, kInt64, kFloat32, kFloat64, kText };

// A data set to be made. Dimensions are names that DefineDimension or DefineCoordinate makes known,
// before the file is closed, in the same group or, failing that, in the root.
struct DatasetSpec {
  std::string group;  // "": the root
  std::string name;
  ElementType type = ElementType::kFloat32;
  std::size_t element_bytes = 4;
  std::vector<std::string> dimensions;
  std::vector<std::size_t> shape;
  bool growing = false;  // along the first dimension, by SetRows
  std::string description, units;
};

// One thread at a time. All members throw Error(kSystem) naming the file.
class ShardFile {
 public:
  explicit ShardFile(const std::string& temporary_directory);
  // Group `base` of another one's file, as if it were the root of a file: "" is that group.
  // Finished before `whole` is closed.
  ShardFile(ShardFile& whole, const std::string& base);

  // A dimension without a variable of its own. Defined again with the same length, it is the same.
  // Returns its name: `name`, or one with the length appended where `name` has another length.
  std::string DefineDimension(const std::string& group, const std::string& name,
                              std::size_t length);
  // A dimension whose positions have values: an integer data set of that name.
  void DefineCoordinate(const std::string& group, const std::string& name,
                        std::span<const std::int64_t> values, const std::string& description,
                        const std::string& units);
  // An empty data set whose chunks are to be given one by one.
  DatasetHandle Create(const DatasetSpec& spec, const ChunkLayout& layout);
  void SetRows(const DatasetHandle& dataset, std::size_t rows);
  void WriteChunk(const DatasetHandle& dataset, std::span<const std::size_t> offset,
                  const EncodedChunk& chunk);

  // A whole data set at once. `bytes` are its elements in row-major order.
  void Write(const DatasetSpec& spec, std::span<const std::byte> bytes);
  // A column of a table, (rows).
  void WriteColumn(const std::string& group, const std::string& dimension, const std::string& name,
                   ValueType type, const ColumnValues& values, const std::string& description,
                   const std::string& units);

  void SetText(const std::string& group, const std::string& name, std::string_view text);
  void SetTexts(const std::string& group, const std::string& name,
                const std::vector<std::string>& texts);
  void SetIntegers(const std::string& group, const std::string& name,
                   std::span<const std::int32_t> values, bool scalar = false);
  // `path`: "/loss"
  void SetDatasetText(const std::string& path, const std::string& name, std::string_view text);

  bool Has(const std::string& group, const std::string& name) const;

  // Attaches the dimensions to their data sets. Nothing may be written afterwards.
  void Finish();
  // Finishes, ends writing, seals the file and makes it durable, still under its temporary name.
  void Close();
  // Gives the closed file its final name. Without `replace`, false if there is a file of that name
  // already.
  bool Publish(const std::string& final_path, bool replace = false);
  const std::string& temporary_path() const { return shared_->temporary.path(); }
  // Of the closed file.
  std::uint64_t file_bytes() const { return shared_->output.bytes; }

 private:
  template <typename T>
  T Check(T result);  // throws if negative or no handle
  void Fail();
  hid_t Group(const std::string& name);
  std::string Join(const std::string& group, const std::string& name) const;  // from the root
  std::string ScalePath(const std::string& group, const std::string& dimension) const;
  DatasetHandle Open(const std::string& path);
  void Describe(const DatasetHandle& dataset, const DatasetSpec& spec);
  void SetAttribute(hid_t object, const std::string& name, hid_t type, hid_t space,
                    const void* value);
  void SetTextOf(hid_t object, const std::string& name, std::string_view text);

  struct Shared {
    explicit Shared(const std::string& directory) : temporary(directory, ".h5.part") {}
    TemporaryFile temporary;
    Hdf5Output output;
    FileHandle file;
  };
  std::shared_ptr<Shared> shared_;
  std::string base_;                               // "" or "/shape_0"
  std::map<std::string, GroupHandle> groups_;      // by name; "" if there is a base
  std::map<std::string, std::size_t> dimensions_;  // by path: length
  struct Described {
    DatasetSpec spec;
    DatasetHandle dataset;  // none if the caller of Create has it
  };
  std::vector<Described> described_;  // whose dimensions are to be attached
};

}  // namespace crease::store
