#include "lib/store/source_metadata.h"

#include <algorithm>

#include <hdf5.h>
#include <hdf5_hl.h>

namespace crease::store {
namespace {

constexpr char kDimensionList[] = "DIMENSION_LIST";

// Frees what HDF5 allocates for lists of variable length.
class ScaleLists {
 public:
  explicit ScaleLists(const DatasetHandle& dataset) {
    const AttributeHandle attribute(H5Aopen(dataset.get(), kDimensionList, H5P_DEFAULT));
    if (!attribute) return;
    type_ = TypeHandle(H5Aget_type(attribute.get()));
    space_ = SpaceHandle(H5Aget_space(attribute.get()));
    const TypeHandle item(H5Tget_class(type_.get()) == H5T_VLEN ? H5Tget_super(type_.get()) : -1);
    const hssize_t count = H5Sget_simple_extent_npoints(space_.get());
    if (!item || H5Tequal(item.get(), H5T_STD_REF_OBJ) <= 0 || count < 0 || count > H5S_MAX_RANK) {
      return;
    }
    lists_.resize(static_cast<std::size_t>(count));
    if (H5Aread(attribute.get(), type_.get(), lists_.data()) < 0) lists_.clear();
  }
  ~ScaleLists() {
    if (!lists_.empty()) {
      H5Dvlen_reclaim(type_.get(), space_.get(), H5P_DEFAULT, lists_.data());
    }
  }
  ScaleLists(const ScaleLists&) = delete;
  ScaleLists& operator=(const ScaleLists&) = delete;

  const std::vector<hvl_t>& lists() const { return lists_; }

 private:
  TypeHandle type_;
  SpaceHandle space_;
  std::vector<hvl_t> lists_;
};

std::string NameOf(hid_t object) {
  const ssize_t size = H5Iget_name(object, nullptr, 0);
  if (size <= 0) return "";
  std::string name(static_cast<std::size_t>(size) + 1, '\0');
  H5Iget_name(object, name.data(), name.size());
  name.pop_back();
  return name;
}

}  // namespace

bool IsDimension(const DatasetHandle& dataset) { return H5DSis_scale(dataset.get()) > 0; }

bool NamesItsDimensions(const DatasetHandle& dataset) {
  const SpaceHandle shape(H5Dget_space(dataset.get()));
  if (H5Aexists(dataset.get(), kDimensionList) <= 0) return false;
  const AttributeHandle attribute(H5Aopen(dataset.get(), kDimensionList, H5P_DEFAULT));
  const SpaceHandle lists(attribute ? H5Aget_space(attribute.get()) : -1);
  return lists &&
         H5Sget_simple_extent_npoints(lists.get()) == H5Sget_simple_extent_ndims(shape.get());
}

std::vector<SourceDimension> DimensionsOf(const DatasetHandle& dataset) {
  const ScaleLists scales(dataset);
  std::vector<SourceDimension> dimensions;
  for (const hvl_t& list : scales.lists()) {
    if (list.len == 0) return {};
    const DatasetHandle scale(H5Rdereference2(dataset.get(), H5P_DEFAULT, H5R_OBJECT, list.p));
    const SpaceHandle space(scale ? H5Dget_space(scale.get()) : -1);
    const hssize_t length = space ? H5Sget_simple_extent_npoints(space.get()) : -1;
    if (length < 0) return {};
    dimensions.push_back({NameOf(scale.get()), static_cast<std::size_t>(length)});
  }
  return dimensions;
}

std::string TextAttribute(const DatasetHandle& dataset, const char* name) {
  if (H5Aexists(dataset.get(), name) <= 0) return "";
  const AttributeHandle attribute(H5Aopen(dataset.get(), name, H5P_DEFAULT));
  const TypeHandle type(attribute ? H5Aget_type(attribute.get()) : -1);
  if (!type || H5Tget_class(type.get()) != H5T_STRING || H5Tis_variable_str(type.get()) != 0) {
    return "";
  }
  const SpaceHandle space(H5Aget_space(attribute.get()));
  if (H5Sget_simple_extent_npoints(space.get()) != 1) return "";
  std::string text(H5Tget_size(type.get()), '\0');
  if (H5Aread(attribute.get(), type.get(), text.data()) < 0) return "";
  text.erase(std::find(text.begin(), text.end(), '\0'), text.end());
  return text;
}

}  // namespace crease::store
