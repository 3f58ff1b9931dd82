#include "lib/store/dimension_scales.h"

#include "lib/store/hdf5_handle.h"

namespace crease::store {
namespace {

bool WriteAttribute(hid_t object, const char* name, const TypeHandle& type, hsize_t count,
                    const void* values) {
  const SpaceHandle space(H5Screate_simple(1, &count, nullptr));
  const AttributeHandle attribute(
      H5Acreate2(object, name, type.get(), space.get(), H5P_DEFAULT, H5P_DEFAULT));
  return attribute && H5Awrite(attribute.get(), type.get(), values) >= 0;
}

}  // namespace

bool DimensionScales::Attach(const std::string& path, hid_t dataset,
                             const std::vector<std::string>& scales) {
  if (scales.empty()) return true;
  hobj_ref_t own = 0;
  if (H5Rcreate(&own, file_, path.c_str(), H5R_OBJECT, -1) < 0) return false;
  std::vector<hvl_t> lists;
  for (const std::string& name : scales) {
    const auto [place, is_new] = scales_.try_emplace(name);
    Scale& scale = place->second;
    if (is_new && H5Rcreate(&scale.reference, file_, name.c_str(), H5R_OBJECT, -1) < 0) {
      return false;
    }
    scale.uses.push_back({own, static_cast<int>(lists.size())});
    lists.push_back({1, &scale.reference});
  }
  const TypeHandle type(H5Tvlen_create(H5T_STD_REF_OBJ));
  return WriteAttribute(dataset, "DIMENSION_LIST", type, lists.size(), lists.data());
}

bool DimensionScales::WriteUses(const std::string& path, const std::vector<Use>& uses) const {
  const TypeHandle type(H5Tcreate(H5T_COMPOUND, sizeof(Use)));
  if (H5Tinsert(type.get(), "dataset", HOFFSET(Use, dataset), H5T_STD_REF_OBJ) < 0 ||
      H5Tinsert(type.get(), "dimension", HOFFSET(Use, dimension), H5T_NATIVE_INT) < 0) {
    return false;
  }
  const DatasetHandle scale(H5Dopen2(file_, path.c_str(), H5P_DEFAULT));
  return scale && WriteAttribute(scale.get(), "REFERENCE_LIST", type, uses.size(), uses.data());
}

bool DimensionScales::Finish() {
  for (const auto& [path, scale] : scales_) {
    if (!WriteUses(path, scale.uses)) return false;
  }
  return true;
}

}  // namespace crease::store
