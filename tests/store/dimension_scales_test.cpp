// A shard's dimensions, as HDF5's own dimension scale functions see them.
#include "lib/store/dimension_scales.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <hdf5.h>
#include <hdf5_hl.h>

#include "lib/store/hdf5_handle.h"
#include "lib/store/reader.h"
#include "lib/store/writer.h"
#include "tests/store/fixture.h"

namespace crease::store {
namespace {

using testing::MakeDataset;
using testing::MakeRecord;
using testing::TemporaryDirectoryGuard;

std::string NameOf(hid_t object) {
  const auto length = static_cast<std::size_t>(H5Iget_name(object, nullptr, 0));
  std::string name(length + 1, '\0');
  H5Iget_name(object, name.data(), name.size());
  name.resize(length);
  return name;
}

// The scales of each dimension, asked for as any reader does; attached on both sides.
struct Dimensions {
  hid_t file;
  std::size_t datasets = 0, attachments = 0;
};

herr_t AddScale(hid_t dataset, unsigned dimension, hid_t scale, void* count) {
  EXPECT_GT(H5DSis_attached(dataset, scale, dimension), 0) << NameOf(dataset);
  ++*static_cast<std::size_t*>(count);
  return 0;
}

herr_t Visit(hid_t, const char* name, const H5O_info_t* info, void* data) {
  auto& dimensions = *static_cast<Dimensions*>(data);
  if (info->type != H5O_TYPE_DATASET) return 0;
  const DatasetHandle dataset(H5Dopen2(dimensions.file, name, H5P_DEFAULT));
  if (H5DSis_scale(dataset.get()) > 0) return 0;
  ++dimensions.datasets;
  const SpaceHandle space(H5Dget_space(dataset.get()));
  const int rank = H5Sget_simple_extent_ndims(space.get());
  std::vector<hsize_t> lengths(static_cast<std::size_t>(rank));
  H5Sget_simple_extent_dims(space.get(), lengths.data(), nullptr);
  for (int i = 0; i < rank; ++i) {
    const auto dimension = static_cast<unsigned>(i);
    EXPECT_EQ(H5DSget_num_scales(dataset.get(), dimension), 1) << name << " " << i;
    std::size_t count = 0;
    H5DSiterate_scales(dataset.get(), dimension, nullptr, &AddScale, &count);
    EXPECT_EQ(count, 1U) << name << " " << i;
    dimensions.attachments += count;
  }
  return 0;
}

TEST(DimensionScales, AreAttachedOnBothSidesInAShard) {
  const TemporaryDirectoryGuard store;
  {
    Writer writer(store.path(), {});
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
      writer.Append(MakeRecord(seed, {.steps = 3000}), {}, MakeDataset());
    }
    writer.Seal();
  }
  const std::vector<std::string> shards = ListShards(store.path());
  ASSERT_EQ(shards.size(), 1U);
  const FileHandle file(H5Fopen(shards[0].c_str(), H5F_ACC_RDONLY, H5P_DEFAULT));
  Dimensions dimensions{.file = file.get()};
  H5Ovisit(file.get(), H5_INDEX_NAME, H5_ITER_NATIVE, &Visit, &dimensions);
  EXPECT_GT(dimensions.datasets, 60U);
  EXPECT_GT(dimensions.attachments, 80U);
}

// What HDF5's own function adds to what is attached here, it also finds and takes away again.
TEST(DimensionScales, AgreeWithHdf5sOwnFunctions) {
  const TemporaryDirectoryGuard directory;
  const FileHandle file(
      H5Fcreate((directory.path() + "/a.h5").c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT));
  const hsize_t lengths[] = {3, 4};
  const SpaceHandle rows(H5Screate_simple(1, lengths, nullptr));
  const SpaceHandle columns(H5Screate_simple(1, lengths + 1, nullptr));
  const SpaceHandle table(H5Screate_simple(2, lengths, nullptr));
  const auto make = [&](const char* name, const SpaceHandle& space) {
    return DatasetHandle(H5Dcreate2(file.get(), name, H5T_IEEE_F32LE, space.get(), H5P_DEFAULT,
                                    H5P_DEFAULT, H5P_DEFAULT));
  };
  const DatasetHandle run = make("run", rows), step = make("step", columns);
  const DatasetHandle ours = make("ours", table), theirs = make("theirs", table);
  H5DSset_scale(run.get(), "run");
  H5DSset_scale(step.get(), "step");
  DimensionScales scales(file.get());
  ASSERT_TRUE(scales.Attach("/ours", ours.get(), {"/run", "/step"}));
  ASSERT_TRUE(scales.Finish());
  ASSERT_GE(H5DSattach_scale(theirs.get(), run.get(), 0), 0);
  ASSERT_GE(H5DSattach_scale(theirs.get(), step.get(), 1), 0);
  for (const DatasetHandle* dataset : {&ours, &theirs}) {
    EXPECT_GT(H5DSis_attached(dataset->get(), run.get(), 0), 0);
    EXPECT_GT(H5DSis_attached(dataset->get(), step.get(), 1), 0);
    EXPECT_EQ(H5DSis_attached(dataset->get(), step.get(), 0), 0);
  }
  EXPECT_GE(H5DSdetach_scale(ours.get(), run.get(), 0), 0);
  EXPECT_EQ(H5DSis_attached(ours.get(), run.get(), 0), 0);
  EXPECT_GT(H5DSis_attached(theirs.get(), run.get(), 0), 0);
}

TEST(DimensionScales, SayThatAScaleIsMissing) {
  SilenceHdf5();
  const TemporaryDirectoryGuard directory;
  const FileHandle file(
      H5Fcreate((directory.path() + "/a.h5").c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT));
  const hsize_t length = 3;
  const SpaceHandle space(H5Screate_simple(1, &length, nullptr));
  const DatasetHandle loss(H5Dcreate2(file.get(), "loss", H5T_IEEE_F32LE, space.get(), H5P_DEFAULT,
                                      H5P_DEFAULT, H5P_DEFAULT));
  DimensionScales scales(file.get());
  EXPECT_FALSE(scales.Attach("/loss", loss.get(), {"/step"}));
  EXPECT_NE(TakeHdf5Error(), "");
}

}  // namespace
}  // namespace crease::store
