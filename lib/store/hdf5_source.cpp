#include "lib/store/hdf5_source.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <hdf5.h>

#include "lib/core/error.h"
#include "lib/store/layout.h"

namespace crease::store {
namespace {

// Deflate makes at most 1032 bytes of one. What claims to be larger is damaged, and must not make
// us ask for that much memory.
constexpr std::uint64_t kMostExpansion = 1100;
constexpr std::size_t kMostTextBytes = 16u << 20;

std::optional<std::uint64_t> Product(const std::vector<std::size_t>& dims, std::uint64_t start) {
  std::uint64_t product = start;
  for (std::size_t dim : dims) {
    if (__builtin_mul_overflow(product, std::uint64_t{dim}, &product)) return std::nullopt;
  }
  return product;
}

bool KnownType(hid_t type, H5T_class_t kind, std::size_t bytes) {
  switch (kind) {
    case H5T_INTEGER:
      return H5Tget_order(type) != H5T_ORDER_BE && H5Tget_sign(type) == H5T_SGN_2 &&
             (bytes == 1 || bytes == 4 || bytes == 8);
    case H5T_FLOAT:
      return H5Tget_order(type) == H5T_ORDER_LE && (bytes == 4 || bytes == 8);
    case H5T_STRING:
      return H5Tis_variable_str(type) == 0 && bytes > 0 && bytes <= kMostTextBytes;
    default:
      return false;
  }
}

bool KnownFilters(hid_t creation) {
  constexpr std::array<H5Z_filter_t, 3> kFilters{H5Z_FILTER_SHUFFLE, H5Z_FILTER_DEFLATE,
                                                 H5Z_FILTER_FLETCHER32};
  if (H5Pget_nfilters(creation) != static_cast<int>(kFilters.size())) return false;
  for (unsigned i = 0; i < kFilters.size(); ++i) {
    unsigned flags = 0;
    std::size_t values = 0;
    if (H5Pget_filter2(creation, i, &flags, &values, nullptr, 0, nullptr, nullptr) != kFilters[i]) {
      return false;
    }
  }
  return true;
}

template <typename T>
std::vector<std::int64_t> Integers(const std::vector<std::byte>& bytes) {
  std::vector<T> values(bytes.size() / sizeof(T));
  if (!bytes.empty()) std::memcpy(values.data(), bytes.data(), values.size() * sizeof(T));
  return {values.begin(), values.end()};
}

std::vector<std::string> Texts(const std::vector<std::byte>& bytes, std::size_t width) {
  std::vector<std::string> texts;
  for (std::size_t at = 0; at + width <= bytes.size(); at += width) {
    const auto* start = reinterpret_cast<const char*>(bytes.data() + at);
    texts.emplace_back(start, std::find(start, start + width, '\0'));
  }
  return texts;
}

void AppendItem(std::string& list, const std::string& item) {
  if (!list.empty()) list += ',';
  list += item;
}

// Of the root, as text; "" for what is neither text nor integers.
std::string AttributeText(hid_t attribute) {
  const TypeHandle type(H5Aget_type(attribute));
  const SpaceHandle space(H5Aget_space(attribute));
  const hssize_t count = space ? H5Sget_simple_extent_npoints(space.get()) : -1;
  const std::size_t width = type ? H5Tget_size(type.get()) : 0;
  const H5T_class_t kind = type ? H5Tget_class(type.get()) : H5T_NO_CLASS;
  if (count < 0 || count > 4096 || !KnownType(type.get(), kind, width)) return "";
  if (kind != H5T_STRING && kind != H5T_INTEGER) return "";
  std::vector<std::byte> bytes(static_cast<std::size_t>(count) * width);
  std::string text;
  if (kind == H5T_STRING) {
    if (H5Aread(attribute, type.get(), bytes.data()) < 0) return "";
    for (const std::string& item : Texts(bytes, width)) AppendItem(text, item);
    return text;
  }
  bytes.resize(static_cast<std::size_t>(count) * sizeof(std::int64_t));
  if (H5Aread(attribute, H5T_NATIVE_INT64, bytes.data()) < 0) return "";
  for (std::int64_t item : Integers<std::int64_t>(bytes)) {
    AppendItem(text, std::to_string(item));
  }
  return text;
}

herr_t CollectAttribute(hid_t root, const char* name, const H5A_info_t*, void* to) {
  const AttributeHandle attribute(H5Aopen(root, name, H5P_DEFAULT));
  if (!attribute) return -1;
  static_cast<std::vector<std::pair<std::string, std::string>>*>(to)->emplace_back(
      name, AttributeText(attribute.get()));
  return 0;
}

herr_t CollectName(hid_t, const char* name, const H5L_info_t*, void* to) {
  static_cast<std::vector<std::string>*>(to)->emplace_back(name);
  return 0;
}

// Groups within groups: a packed file has two levels below its root.
constexpr int kMostLevels = 4;

}  // namespace

Hdf5Source::Hdf5Source(const std::string& path, const std::string& group)
    : path_(path), group_(group.empty() ? "" : "/" + group) {
  SilenceHdf5();
  descriptor_ = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status {};
  if (descriptor_ < 0 || fstat(descriptor_, &status) != 0) {
    throw SystemErrorFromErrno(path, "cannot read the shard", errno);
  }
  size_bytes_ = static_cast<std::uint64_t>(status.st_size);
  const PropertiesHandle access(H5Pcreate(H5P_FILE_ACCESS));
  H5Pset_file_locking(access.get(), false, true);
  H5Pset_fclose_degree(access.get(), H5F_CLOSE_STRONG);
  file_ = FileHandle(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.get()));
  try {
    if (!file_) Damaged("", "cannot be opened as HDF5: " + TakeHdf5Error());
    base_ = GroupHandle(H5Gopen2(file_.get(), group.empty() ? "/" : group_.c_str(), H5P_DEFAULT));
    if (!base_) Damaged("", "cannot be opened: " + TakeHdf5Error());
    seal_ = ReadSeal(descriptor_, path, size_bytes_);
  } catch (const Error&) {
    close(descriptor_);
    throw;
  }
}

Hdf5Source::~Hdf5Source() { close(descriptor_); }

std::string Hdf5Source::ActualDigest(const OnBytesRead& on_read) const {
  return DigestOfFile(descriptor_, path_, seal_->bytes, on_read);
}

void Hdf5Source::Damaged(const std::string& dataset, const std::string& what) const {
  H5Eclear2(H5E_DEFAULT);
  const std::string inside = group_ + dataset;
  throw DamagedError(inside.empty() ? path_ : path_ + ": " + inside, what, DamageRemedy(path_));
}

std::optional<SourceDataset> Hdf5Source::Find(const std::string& path) const {
  const std::string name = path.substr(1);
  const std::size_t slash = name.find('/');
  if (slash != std::string::npos &&
      H5Lexists(base_.get(), name.substr(0, slash).c_str(), H5P_DEFAULT) <= 0) {
    return std::nullopt;
  }
  if (H5Lexists(base_.get(), name.c_str(), H5P_DEFAULT) <= 0) return std::nullopt;
  SourceDataset dataset;
  dataset.path = path;
  dataset.handle = DatasetHandle(H5Dopen2(base_.get(), name.c_str(), H5P_DEFAULT));
  if (!dataset.handle) Damaged(path, "cannot be opened: " + TakeHdf5Error());
  const TypeHandle type(H5Dget_type(dataset.handle.get()));
  const SpaceHandle space(H5Dget_space(dataset.handle.get()));
  const PropertiesHandle creation(H5Dget_create_plist(dataset.handle.get()));
  if (!type || !space || !creation) Damaged(path, "cannot be read: " + TakeHdf5Error());
  dataset.type = H5Tget_class(type.get());
  dataset.element_bytes = H5Tget_size(type.get());
  const int rank = H5Sget_simple_extent_ndims(space.get());
  std::array<hsize_t, H5S_MAX_RANK> dims{}, chunk{};
  if (rank < 1 || H5Sget_simple_extent_dims(space.get(), dims.data(), nullptr) != rank ||
      H5Pget_chunk(creation.get(), rank, chunk.data()) != rank || !KnownFilters(creation.get()) ||
      !KnownType(type.get(), dataset.type, dataset.element_bytes)) {
    Damaged(path, "is not stored as the format says");
  }
  dataset.dims.assign(dims.begin(), dims.begin() + rank);
  const std::vector<std::size_t> chunks(chunk.begin(), chunk.begin() + rank);
  const auto bytes = Product(dataset.dims, dataset.element_bytes);
  const auto chunk_bytes = Product(chunks, dataset.element_bytes);
  const std::uint64_t most = size_bytes_ * kMostExpansion;
  if (!bytes || *bytes > most || !chunk_bytes || *chunk_bytes > most) {
    Damaged(path, "claims to be larger than its file can hold");
  }
  if (*bytes == 0) return dataset;
  dataset.layout.emplace(dataset.dims, chunks, dataset.element_bytes);
  if (!dataset.layout->Valid()) Damaged(path, "is not chunked as the format says");
  return dataset;
}

ChunkPlace Hdf5Source::Locate(const SourceDataset& dataset, const ChunkLayout::Block& block) const {
  const std::vector<hsize_t> offset(block.offset.begin(), block.offset.end());
  unsigned mask = 0;
  haddr_t address = HADDR_UNDEF;
  hsize_t size = 0;
  if (H5Dget_chunk_info_by_coord(dataset.handle.get(), offset.data(), &mask, &address, &size) < 0) {
    Damaged(dataset.path, "has a damaged index of chunks: " + TakeHdf5Error());
  }
  if (address == HADDR_UNDEF || size == 0 || size > size_bytes_ || address > size_bytes_ - size) {
    Damaged(dataset.path, "lacks a part of its values");
  }
  if (dataset.layout->chunk_bytes() / kMostExpansion > size) {
    Damaged(dataset.path, "has a damaged index of chunks");
  }
  return {address, size, mask};
}

std::string Hdf5Source::Load(const ChunkPlace& place, std::size_t element_bytes,
                             std::span<std::byte> raw) const {
  thread_local std::vector<std::byte> bytes;
  bytes.resize(place.bytes);
  for (std::size_t done = 0; done < place.bytes;) {
    const ssize_t count = pread(descriptor_, bytes.data() + done, place.bytes - done,
                                static_cast<off_t>(place.address + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw SystemErrorFromErrno(path_, "cannot read the shard", errno);
    if (count == 0) return "lacks a part of its values";
    done += static_cast<std::size_t>(count);
  }
  return DecodeChunk(bytes, place.filter_mask, element_bytes, raw) ? "" : "fails its checksum";
}

// Bytes [from, to) of the array, which lie in the chunks [first, last).
std::vector<std::byte> Hdf5Source::ReadRange(const SourceDataset& dataset, std::size_t first_chunk,
                                             std::size_t last_chunk, std::size_t from,
                                             std::size_t to) const {
  const ChunkLayout& layout = *dataset.layout;
  std::vector<std::byte> bytes(to - from), raw(layout.chunk_bytes());
  for (std::size_t i = first_chunk; i < last_chunk; ++i) {
    const ChunkLayout::Block block = layout.At(i);
    const std::string fault = Load(Locate(dataset, block), dataset.element_bytes, raw);
    if (!fault.empty()) Damaged(dataset.path, fault);
    const std::size_t start = std::max(from, block.first_byte);
    const std::size_t end = std::min(to, block.first_byte + block.bytes);
    assert(start < end);
    std::memcpy(bytes.data() + (start - from), raw.data() + (start - block.first_byte),
                end - start);
  }
  return bytes;
}

std::vector<std::byte> Hdf5Source::ReadRow(const SourceDataset& dataset, std::size_t row) const {
  return ReadRows(dataset, row, 1);
}

std::vector<std::byte> Hdf5Source::ReadRows(const SourceDataset& dataset, std::size_t first,
                                            std::size_t count) const {
  assert(dataset.layout && count > 0 && first + count <= dataset.dims[0]);
  const ChunkLayout& layout = *dataset.layout;
  const std::size_t row_bytes = *Product(dataset.dims, dataset.element_bytes) / dataset.dims[0];
  // A chunk holds whole rows, or a part of one.
  const std::size_t rows_a_chunk = layout.chunk()[0];
  const std::size_t chunks_a_row = rows_a_chunk == 1 ? layout.count() / dataset.dims[0] : 1;
  const std::size_t first_chunk = first / rows_a_chunk * chunks_a_row;
  const std::size_t last_chunk = ((first + count - 1) / rows_a_chunk + 1) * chunks_a_row;
  return ReadRange(dataset, first_chunk, last_chunk, first * row_bytes,
                   (first + count) * row_bytes);
}

std::vector<std::byte> Hdf5Source::ReadAll(const SourceDataset& dataset) const {
  if (!dataset.layout) return {};
  return ReadRange(dataset, 0, dataset.layout->count(), 0,
                   *Product(dataset.dims, dataset.element_bytes));
}

ColumnValues Hdf5Source::ReadColumn(const SourceDataset& dataset) const {
  if (dataset.dims.size() != 1) Damaged(dataset.path, "is no column");
  const std::vector<std::byte> bytes = ReadAll(dataset);
  if (dataset.type == H5T_STRING) return Texts(bytes, dataset.element_bytes);
  if (dataset.type == H5T_INTEGER) {
    if (dataset.element_bytes == 1) return Integers<std::int8_t>(bytes);
    if (dataset.element_bytes == 4) return Integers<std::int32_t>(bytes);
    return Integers<std::int64_t>(bytes);
  }
  if (dataset.element_bytes != sizeof(double)) Damaged(dataset.path, "is no column");
  std::vector<double> values(bytes.size() / sizeof(double));
  if (!bytes.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

bool Hdf5Source::IsChunkedDataset(const std::string& name) const {
  const DatasetHandle dataset(H5Dopen2(base_.get(), name.c_str(), H5P_DEFAULT));
  const PropertiesHandle creation(dataset ? H5Dget_create_plist(dataset.get()) : -1);
  if (!creation) Damaged("/" + name, "cannot be opened: " + TakeHdf5Error());
  return H5Pget_layout(creation.get()) == H5D_CHUNKED;
}

void Hdf5Source::AddDatasets(const std::string& group, int depth, std::vector<std::string>& paths,
                             const std::function<void(const Error&)>& on_damage) const {
  const std::string prefix = group.empty() ? "" : group + "/";
  std::vector<std::string> names;
  if (H5Literate_by_name(base_.get(), group.empty() ? "." : group.c_str(), H5_INDEX_NAME,
                         H5_ITER_INC, nullptr, &CollectName, &names, H5P_DEFAULT) < 0) {
    Damaged(group.empty() ? "" : "/" + group, "has a damaged directory: " + TakeHdf5Error());
  }
  for (const std::string& last : names) {
    const std::string name = prefix + last;
    try {
      H5O_info_t info{};
      if (H5Oget_info_by_name2(base_.get(), name.c_str(), &info, H5O_INFO_BASIC, H5P_DEFAULT) < 0) {
        Damaged("/" + name, "cannot be opened: " + TakeHdf5Error());
      }
      if (info.type == H5O_TYPE_GROUP) {
        if (depth == kMostLevels) Damaged("/" + name, "is a group too deep");
        AddDatasets(name, depth + 1, paths, on_damage);
      } else if (info.type == H5O_TYPE_DATASET && IsChunkedDataset(name)) {
        paths.push_back("/" + name);
      }
    } catch (const Error& error) {
      if (!on_damage || error.fault() != Fault::kDamaged) throw;
      on_damage(error);
    }
  }
}

std::vector<std::string> Hdf5Source::Datasets(
    const std::function<void(const Error&)>& on_damage) const {
  std::vector<std::string> paths;
  AddDatasets("", 0, paths, on_damage);
  return paths;
}

std::vector<std::pair<std::string, std::string>> Hdf5Source::Attributes(
    const std::string& group) const {
  std::vector<std::pair<std::string, std::string>> attributes;
  GroupHandle inner;
  if (!group.empty()) {
    if (H5Lexists(base_.get(), group.c_str(), H5P_DEFAULT) <= 0) return attributes;
    inner = GroupHandle(H5Gopen2(base_.get(), group.c_str(), H5P_DEFAULT));
    if (!inner) Damaged("/" + group, "cannot be opened: " + TakeHdf5Error());
  }
  if (H5Aiterate2(inner ? inner.get() : base_.get(), H5_INDEX_NAME, H5_ITER_INC, nullptr,
                  &CollectAttribute, &attributes) < 0) {
    Damaged(group.empty() ? "" : "/" + group, "has damaged attributes: " + TakeHdf5Error());
  }
  return attributes;
}

}  // namespace crease::store
