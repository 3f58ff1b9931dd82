#include "lib/store/shard_file.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <limits>
#include <type_traits>
#include <utility>

#include <hdf5.h>
#include <hdf5_hl.h>

#include "lib/core/error.h"
#include "lib/store/dimension_scales.h"
#include "lib/store/file_seal.h"

namespace crease::store {
namespace {

TypeHandle TextType(std::size_t bytes) {
  TypeHandle type(H5Tcopy(H5T_C_S1));
  H5Tset_size(type.get(), std::max<std::size_t>(bytes, 1));
  H5Tset_strpad(type.get(), H5T_STR_NULLPAD);
  H5Tset_cset(type.get(), H5T_CSET_UTF8);
  return type;
}

TypeHandle FileType(ElementType type, std::size_t element_bytes) {
  switch (type) {
    case ElementType::kInt8:
      return TypeHandle(H5Tcopy(H5T_STD_I8LE));
    case ElementType::kInt32:
      return TypeHandle(H5Tcopy(H5T_STD_I32LE));
    case ElementType::kInt64:
      return TypeHandle(H5Tcopy(H5T_STD_I64LE));
    case ElementType::kFloat32:
      return TypeHandle(H5Tcopy(H5T_IEEE_F32LE));
    case ElementType::kFloat64:
      return TypeHandle(H5Tcopy(H5T_IEEE_F64LE));
    case ElementType::kText:
      return TextType(element_bytes);
  }
  return {};
}

std::vector<hsize_t> Sizes(std::span<const std::size_t> sizes) {
  return {sizes.begin(), sizes.end()};
}

// At least two bytes wide: one byte is a character to netCDF, and xarray joins characters along the
// last axis.
std::vector<std::byte> TextBytes(const std::vector<std::string>& texts, std::size_t& width) {
  width = 2;
  for (const std::string& text : texts) width = std::max(width, text.size());
  std::vector<std::byte> bytes(width * texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    std::memcpy(bytes.data() + i * width, texts[i].data(), texts[i].size());
  }
  return bytes;
}

// The file's elements are little-endian, as is every machine that Crease runs on.
template <typename T>
std::vector<std::byte> BytesOf(std::span<const T> values) {
  const auto bytes = std::as_bytes(values);
  return {bytes.begin(), bytes.end()};
}

}  // namespace

template <typename T>
T ShardFile::Check(T result) {
  if constexpr (std::is_arithmetic_v<T>) {
    if (result < 0) Fail();
  } else {
    if (!result) Fail();
  }
  if (shared_->output.error_number != 0) Fail();
  return result;
}

void ShardFile::Fail() {
  const std::string reason = TakeHdf5Error();
  if (shared_->output.error_number != 0) {
    throw SystemErrorFromErrno(shared_->temporary.path(), "cannot write",
                               shared_->output.error_number);
  }
  throw SystemError(shared_->temporary.path(), "HDF5 cannot write: " + reason, "");
}

ShardFile::ShardFile(const std::string& temporary_directory)
    : shared_(std::make_shared<Shared>(temporary_directory)) {
  SilenceHdf5();
  shared_->output.descriptor = shared_->temporary.descriptor();
  shared_->file = Check(CreateHdf5(shared_->output));
}

ShardFile::ShardFile(ShardFile& whole, const std::string& base)
    : shared_(whole.shared_), base_("/" + base) {
  Group("");
}

std::string ShardFile::Join(const std::string& group, const std::string& name) const {
  return group.empty() ? base_ + "/" + name : base_ + "/" + group + "/" + name;
}

hid_t ShardFile::Group(const std::string& name) {
  if (name.empty() && base_.empty()) return shared_->file.get();
  auto found = groups_.find(name);
  if (found == groups_.end()) {
    const std::string path = name.empty() ? base_ : Join("", name);
    const PropertiesHandle creation(H5Pcreate(H5P_GROUP_CREATE));
    KeepInHeader(creation);
    GroupHandle group(
        H5Gcreate2(shared_->file.get(), path.c_str(), H5P_DEFAULT, creation.get(), H5P_DEFAULT));
    found = groups_.emplace(name, Check(std::move(group))).first;
  }
  return found->second.get();
}

bool ShardFile::Has(const std::string& group, const std::string& name) const {
  const std::string path = Join(group, name);
  if (!group.empty() && groups_.count(group) == 0) return false;
  return H5Lexists(shared_->file.get(), path.c_str(), H5P_DEFAULT) > 0;
}

std::string ShardFile::DefineDimension(const std::string& group, const std::string& name,
                                       std::size_t length) {
  for (std::string candidate = name;; candidate = name + "_" + std::to_string(length)) {
    const std::string path = Join(group, candidate);
    const auto known = dimensions_.find(path);
    if (known != dimensions_.end()) {
      if (known->second == length) return candidate;
      assert(candidate == name);
      continue;
    }
    if (Has(group, candidate)) return DefineDimension(group, name + "_dim", length);
    const hsize_t size = length;
    const SpaceHandle space(Check(SpaceHandle(H5Screate_simple(1, &size, nullptr))));
    // Never written, so it takes no space: netCDF's convention for a dimension without variable.
    const DatasetHandle scale(
        Check(DatasetHandle(H5Dcreate2(Group(group), candidate.c_str(), H5T_IEEE_F32BE, space.get(),
                                       H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT))));
    std::array<char, 80> mark{};
    std::snprintf(mark.data(), mark.size(),
                  "This is a netCDF dimension but not a netCDF variable.%10zu", length);
    Check(H5DSset_scale(scale.get(), mark.data()));
    dimensions_[path] = length;
    return candidate;
  }
}

void ShardFile::DefineCoordinate(const std::string& group, const std::string& name,
                                 std::span<const std::int64_t> values,
                                 const std::string& description, const std::string& units) {
  Write({group, name, ElementType::kInt64, 8, {}, {values.size()}, false, description, units},
        std::as_bytes(values));
  Check(H5DSset_scale(described_.back().dataset.get(), name.c_str()));
  dimensions_[Join(group, name)] = values.size();
}

DatasetHandle ShardFile::Open(const std::string& path) {
  return Check(DatasetHandle(H5Dopen2(shared_->file.get(), path.c_str(), H5P_DEFAULT)));
}

std::string ShardFile::ScalePath(const std::string& group, const std::string& dimension) const {
  const std::string own = Join(group, dimension);
  return dimensions_.count(own) != 0 ? own : Join("", dimension);
}

DatasetHandle ShardFile::Create(const DatasetSpec& spec, const ChunkLayout& layout) {
  const std::vector<hsize_t> dims = Sizes(spec.shape), chunk = Sizes(layout.chunk());
  std::vector<hsize_t> most = dims;
  // A dimension of length 0 cannot be cut into chunks unless it may grow.
  if (spec.growing || dims[0] == 0) most[0] = H5S_UNLIMITED;
  const int rank = static_cast<int>(dims.size());
  const TypeHandle type = FileType(spec.type, spec.element_bytes);
  const SpaceHandle space(H5Screate_simple(rank, dims.data(), most.data()));
  const PropertiesHandle creation(H5Pcreate(H5P_DATASET_CREATE));
  Check(H5Pset_chunk(creation.get(), rank, chunk.data()));
  Check(H5Pset_shuffle(creation.get()));
  Check(H5Pset_deflate(creation.get(), 1));
  Check(H5Pset_fletcher32(creation.get()));
  if (spec.type == ElementType::kFloat32) {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    Check(H5Pset_fill_value(creation.get(), H5T_NATIVE_FLOAT, &nan));
  }
  DatasetHandle dataset(H5Dcreate2(Group(spec.group), spec.name.c_str(), type.get(), space.get(),
                                   H5P_DEFAULT, creation.get(), H5P_DEFAULT));
  Check(dataset.get());
  Describe(dataset, spec);
  return dataset;
}

void ShardFile::Describe(const DatasetHandle& dataset, const DatasetSpec& spec) {
  if (!spec.description.empty()) SetTextOf(dataset.get(), "long_name", spec.description);
  if (!spec.units.empty()) SetTextOf(dataset.get(), "units", spec.units);
  const SpaceHandle one(H5Screate(H5S_SCALAR));
  if (spec.type == ElementType::kFloat32) {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    SetAttribute(dataset.get(), "_FillValue", H5T_IEEE_F32LE, one.get(), &nan);
  }
  // xarray keeps text as bytes unless it is told the encoding.
  if (spec.type == ElementType::kText) SetTextOf(dataset.get(), "_Encoding", "utf-8");
  described_.push_back({spec, {}});
}

// At the end, because the number of runs is not known before, and an unlimited dimension would make
// h5netcdf look at every data set that has it, for every data set that has it.
void ShardFile::Finish() {
  DimensionScales scales(shared_->file.get());
  for (auto& [spec, dataset] : described_) {
    const std::string path = Join(spec.group, spec.name);
    if (!dataset) dataset = Open(path);
    std::vector<std::string> dimensions;
    for (const std::string& dimension : spec.dimensions) {
      dimensions.push_back(ScalePath(spec.group, dimension));
    }
    if (!scales.Attach(path, dataset.get(), dimensions)) Fail();
    dataset.Reset();
  }
  if (!scales.Finish()) Fail();
  described_.clear();
  groups_.clear();
}

void ShardFile::SetRows(const DatasetHandle& dataset, std::size_t rows) {
  const SpaceHandle space(Check(SpaceHandle(H5Dget_space(dataset.get()))));
  std::array<hsize_t, H5S_MAX_RANK> dims{};
  Check(H5Sget_simple_extent_dims(space.get(), dims.data(), nullptr));
  dims[0] = rows;
  Check(H5Dset_extent(dataset.get(), dims.data()));
}

void ShardFile::WriteChunk(const DatasetHandle& dataset, std::span<const std::size_t> offset,
                           const EncodedChunk& chunk) {
  const std::vector<hsize_t> at = Sizes(offset);
  Check(H5Dwrite_chunk(dataset.get(), H5P_DEFAULT, chunk.filter_mask, at.data(), chunk.bytes.size(),
                       chunk.bytes.data()));
}

void ShardFile::Write(const DatasetSpec& spec, std::span<const std::byte> bytes) {
  std::vector<std::size_t> dims = spec.shape;
  for (std::size_t& dim : dims) dim = std::max<std::size_t>(dim, 1);
  const ChunkLayout layout = ChunkLayout::Cut(dims, spec.element_bytes, kChunkTargetBytes);
  DatasetHandle created = Create(spec, layout);
  const DatasetHandle& dataset = described_.back().dataset = std::move(created);
  for (std::size_t i = 0; i < (bytes.empty() ? 0 : layout.count()); ++i) {
    const ChunkLayout::Block block = layout.At(i);
    WriteChunk(dataset, block.offset,
               EncodeChunk(bytes.subspan(block.first_byte, block.bytes), layout.chunk_bytes(),
                           spec.element_bytes, layout.row_elements()));
  }
}

void ShardFile::WriteColumn(const std::string& group, const std::string& dimension,
                            const std::string& name, ValueType type, const ColumnValues& values,
                            const std::string& description, const std::string& units) {
  DatasetSpec spec{group, name,        ElementType::kInt64,
                   8,     {dimension}, {RowCount(values)},
                   false, description, units};
  std::vector<std::byte> bytes;
  if (const auto* texts = std::get_if<std::vector<std::string>>(&values)) {
    spec.type = ElementType::kText;
    bytes = TextBytes(*texts, spec.element_bytes);
  } else if (const auto* reals = std::get_if<std::vector<double>>(&values)) {
    spec.type = ElementType::kFloat64;
    bytes = BytesOf<double>(*reals);
  } else if (type == ValueType::kBool) {
    const auto& integers = std::get<std::vector<std::int64_t>>(values);
    const std::vector<std::int8_t> flags(integers.begin(), integers.end());
    spec.type = ElementType::kInt8;
    spec.element_bytes = 1;
    bytes = BytesOf<std::int8_t>(flags);
  } else {
    bytes = BytesOf<std::int64_t>(std::get<std::vector<std::int64_t>>(values));
  }
  Write(spec, bytes);
  // xarray's own mark for booleans, which netCDF lacks.
  if (type == ValueType::kBool) SetTextOf(Open(Join(group, name)).get(), "dtype", "bool");
}

void ShardFile::SetAttribute(hid_t object, const std::string& name, hid_t type, hid_t space,
                             const void* value) {
  const AttributeHandle attribute(Check(
      AttributeHandle(H5Acreate2(object, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT))));
  Check(H5Awrite(attribute.get(), type, value));
}

void ShardFile::SetTextOf(hid_t object, const std::string& name, std::string_view text) {
  const TypeHandle type = TextType(text.size());
  const SpaceHandle one(H5Screate(H5S_SCALAR));
  SetAttribute(object, name, type.get(), one.get(), text.empty() ? "" : text.data());
}

void ShardFile::SetText(const std::string& group, const std::string& name, std::string_view text) {
  SetTextOf(Group(group), name, text);
}

void ShardFile::SetDatasetText(const std::string& path, const std::string& name,
                               std::string_view text) {
  const DatasetHandle dataset = Open(base_ + path);
  SetTextOf(dataset.get(), name, text);
}

void ShardFile::SetTexts(const std::string& group, const std::string& name,
                         const std::vector<std::string>& texts) {
  std::size_t width = 1;
  const std::vector<std::byte> bytes = TextBytes(texts, width);
  const TypeHandle type = TextType(width);
  const hsize_t count = texts.size();
  const SpaceHandle space(Check(SpaceHandle(H5Screate_simple(1, &count, nullptr))));
  SetAttribute(Group(group), name, type.get(), space.get(), bytes.data());
}

void ShardFile::SetIntegers(const std::string& group, const std::string& name,
                            std::span<const std::int32_t> values, bool scalar) {
  const hsize_t count = values.size();
  const SpaceHandle space(scalar ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &count, nullptr));
  SetAttribute(Group(group), name, H5T_STD_I32LE, space.get(), values.data());
}

void ShardFile::Close() {
  Finish();
  Check(shared_->file.Reset());
  TemporaryFile& file = shared_->temporary;
  AppendSeal(file.descriptor(), file.path(), shared_->output.bytes);
  shared_->output.bytes += kSealBytes;
  file.Sync();
}

bool ShardFile::Publish(const std::string& final_path, bool replace) {
  if (!shared_->temporary.Publish(final_path, replace)) return false;
  const std::string directory = std::filesystem::path(final_path).parent_path().string();
  SyncDirectory(directory.empty() ? "." : directory);
  return true;
}

}  // namespace crease::store
