#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include <hdf5.h>

#include "lib/core/error.h"
#include "lib/data/bytes.h"
#include "lib/data/user_arrays.h"
#include "lib/data/user_data.h"

namespace crease::data {
namespace {

// Keeps HDF5 from printing its own errors as long as it lives.
class SilentErrors {
 public:
  SilentErrors() {
    H5Eget_auto2(H5E_DEFAULT, &function_, &client_data_);
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  }
  ~SilentErrors() { H5Eset_auto2(H5E_DEFAULT, function_, client_data_); }
  SilentErrors(const SilentErrors&) = delete;
  SilentErrors& operator=(const SilentErrors&) = delete;

 private:
  H5E_auto2_t function_ = nullptr;
  void* client_data_ = nullptr;
};

class Handle {
 public:
  Handle(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  ~Handle() {
    if (id_ >= 0) close_(id_);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(Handle&&) = delete;
  hid_t get() const { return id_; }
  bool valid() const { return id_ >= 0; }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

// What HDF5 says about its last error: the innermost cause.
std::string LastCause() {
  std::string cause;
  const auto visit = [](unsigned, const H5E_error2_t* error, void* text) -> herr_t {
    if (error->desc != nullptr) *static_cast<std::string*>(text) = error->desc;
    return 0;
  };
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, visit, &cause);
  return cause.empty() ? "" : " (" + cause + ")";
}

class UserFile {
 public:
  explicit UserFile(const std::string& path) : path_(path), file_(Open(path), H5Fclose) {
    if (file_.valid()) return;
    throw InputError(path, "is no HDF5 file, or a damaged one" + LastCause(),
                     "h5ls -r tells what is in it; write it anew if that fails, too");
  }
  const std::string& path() const { return path_; }
  hid_t id() const { return file_.get(); }
  bool Has(const std::string& name) const {
    return H5Lexists(file_.get(), name.c_str(), H5P_DEFAULT) > 0;
  }

 private:
  static hid_t Open(const std::string& path) {
    CheckReadable(path);
    // Network file systems may have no locks, and data that are only read need none.
    const Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
    H5Pset_file_locking(access.get(), false, true);
    return H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.get());
  }

  std::string path_;
  Handle file_;
};

// One data set of numbers, held as double (whole numbers up to 2^53 are exact).
struct Array {
  std::string place;  // file:dataset
  std::vector<hsize_t> extents;
  std::vector<double> values;
};

Handle OpenDataset(const UserFile& file, const std::string& name, const std::string& place) {
  Handle dataset(H5Dopen2(file.id(), name.c_str(), H5P_DEFAULT), H5Dclose);
  if (dataset.valid()) return dataset;
  throw InputError(place, "there is no data set \"" + name + "\"" + LastCause(),
                   "name the data sets by data.columns (inputs) and data.target; h5ls -r " +
                       file.path() + " lists them");
}

// The number of values. Data sets are checked against what is stored, because their extents cost
// nothing to write and may be anything.
std::size_t CheckedCount(hid_t dataset, const Array& array, std::size_t value_bytes) {
  std::uint64_t count = 1;
  std::string shape;
  // No filter of HDF5's own compresses better than DEFLATE can.
  constexpr std::uint64_t kMaxExpansion = 1032, kMost = kMaxFileBytes / sizeof(double);
  const std::uint64_t stored = H5Dget_storage_size(dataset);
  const std::uint64_t most = std::min(stored / value_bytes + 1, kMost) * kMaxExpansion;
  bool fits = true;
  for (const hsize_t extent : array.extents) {
    shape += (shape.empty() ? "" : " x ") + std::to_string(extent);
    if (extent == 0) {
      throw InputError(array.place, "is empty (" + shape + ")", "give at least two points");
    }
    fits = fits && count <= most / extent;
    if (fits) count *= extent;
  }
  if (fits && count <= kMost) return static_cast<std::size_t>(count);
  throw InputError(
      array.place,
      "has the shape " + shape + ", but only " + std::to_string(stored) + " bytes are stored",
      "write all of its values, and at most " + std::to_string(kMost) + " of them");
}

// Extents of the data set, and of its chunks if it has any. HDF5 does not survive chunks that
// are larger than what they belong to, as damaged files have them.
void ReadExtents(hid_t dataset, Array& array) {
  const Handle space(H5Dget_space(dataset), H5Sclose);
  const int rank = H5Sget_simple_extent_ndims(space.get());
  if (rank < 1) {
    throw InputError(array.place, "is a single value, no array",
                     "give an array whose first axis is the points");
  }
  const auto axes = static_cast<std::size_t>(rank);
  array.extents.resize(axes);
  std::vector<hsize_t> most(axes), chunk(axes);
  H5Sget_simple_extent_dims(space.get(), array.extents.data(), most.data());
  const Handle creation(H5Dget_create_plist(dataset), H5Pclose);
  if (H5Pget_layout(creation.get()) != H5D_CHUNKED) return;
  bool fits = H5Pget_chunk(creation.get(), rank, chunk.data()) == rank;
  for (std::size_t i = 0; i < axes; ++i) fits = fits && chunk[i] > 0 && chunk[i] <= most[i];
  if (!fits) throw InputError(array.place, "its chunks are damaged", "write the file anew");
}

Array ReadArray(const UserFile& file, const std::string& name) {
  Array array;
  array.place = file.path() + ":" + name;
  const Handle dataset = OpenDataset(file, name, array.place);
  const Handle type(H5Dget_type(dataset.get()), H5Tclose);
  const H5T_class_t kind = H5Tget_class(type.get());
  if (kind != H5T_INTEGER && kind != H5T_ENUM && kind != H5T_FLOAT) {
    throw InputError(array.place, "holds no numbers", "store it as integers or floats");
  }
  ReadExtents(dataset.get(), array);
  array.values.resize(CheckedCount(dataset.get(), array, H5Tget_size(type.get())));
  if (H5Dread(dataset.get(), H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT,
              array.values.data()) < 0) {
    throw InputError(array.place, "cannot be read" + LastCause(),
                     "h5dump tells whether it is whole; write it anew if not");
  }
  return array;
}

struct Part {
  Array x, y;
};

// Valid as long as `part` is where it was.
SplitView View(const Part& part) {
  const auto view = [](const Array& array) {
    const std::size_t points = static_cast<std::size_t>(array.extents[0]);
    return ArrayView{array.place, points, array.values.size() / points,
                     [&array](std::size_t i) { return array.values[i]; }};
  };
  return {view(part.x), view(part.y)};
}

Part ReadPart(const UserFile& file, const std::string& x, const std::string& y) {
  return {ReadArray(file, x), ReadArray(file, y)};
}

std::optional<Part> ReadTestPart(const UserFile& file, const Options& options, const std::string& x,
                                 const std::string& y) {
  if (!options.test_path.empty()) return ReadPart(UserFile(options.test_path), x, y);
  const std::string test_x = x + "_test", test_y = y + "_test";
  if (!file.Has(test_x) && !file.Has(test_y)) return std::nullopt;
  return ReadPart(file, test_x, test_y);
}

}  // namespace

Dataset LoadHdf5(const Options& options) {
  const SilentErrors silent;
  const std::string x = options.columns.empty() ? "x" : options.columns;
  const std::string y = options.target.empty() ? "y" : options.target;
  const UserFile file(options.path);
  const Part train = ReadPart(file, x, y);
  const std::optional<Part> test = ReadTestPart(file, options, x, y);
  if (!test) return FromArrays(options, View(train), nullptr);
  const SplitView test_view = View(*test);
  return FromArrays(options, View(train), &test_view);
}

}  // namespace crease::data
