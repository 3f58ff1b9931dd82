// What `crease verify` finds in a shard: damage, and contents that are not as FORMAT.md says.
#include "lib/store/verify.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <string>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>
#include <hdf5.h>

#include "lib/core/error.h"
#include "lib/store/file_seal.h"
#include "lib/store/files.h"
#include "lib/store/hdf5_source.h"
#include "lib/store/layout.h"
#include "lib/store/reader.h"
#include "lib/store/writer.h"
#include "tests/store/fixture.h"

namespace crease::store {
namespace {

namespace fs = std::filesystem;
using testing::MakeDataset;
using testing::MakeRecord;
using testing::SampleOptions;
using testing::TemporaryDirectoryGuard;

class Verify : public ::testing::Test {
 protected:
  Verify() {
    Writer writer(store_.path(), {});
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
      writer.Append(MakeRecord(seed, {.steps = 5000}), {}, MakeDataset());
    }
    writer.Seal();
    path_ = ListShards(store_.path()).at(0);
  }

  // A change through HDF5 by which every checksum is right again.
  void Change(const std::function<void(hid_t file)>& change) const {
    const hid_t file = H5Fopen(path_.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
    ASSERT_GE(file, 0);
    change(file);
    H5Fclose(file);
    const int descriptor = open(path_.c_str(), O_RDWR | O_CLOEXEC);
    AppendSeal(descriptor, path_, fs::file_size(path_));
    close(descriptor);
  }

  template <typename T>
  void SetValue(const std::string& dataset, std::size_t at, hid_t type, T value) const {
    Change([&](hid_t file) {
      const hid_t set = H5Dopen2(file, dataset.c_str(), H5P_DEFAULT);
      const hid_t space = H5Dget_space(set), one = H5Screate(H5S_SCALAR);
      const hsize_t place = at;
      H5Sselect_elements(space, H5S_SELECT_SET, 1, &place);
      EXPECT_GE(H5Dwrite(set, type, one, space, H5P_DEFAULT, &value), 0);
      H5Sclose(one);
      H5Sclose(space);
      H5Dclose(set);
    });
  }

  void Flip(std::size_t at) const {
    std::string bytes = ReadFile(path_);
    bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
    AtomicWriteFile(path_, bytes, store_.path(), false);
  }

  std::size_t ByteOf(const std::string& dataset) const {
    const Hdf5Source source(path_);
    const auto found = source.Find(dataset);
    const ChunkPlace place = source.Locate(*found, found->layout->At(0));
    return place.address + place.bytes / 2;
  }

  void ExpectFinding(const std::string& dataset, const std::string& what) const {
    for (int threads : {1, 3}) {
      const FileReport report = VerifyFile(path_, {.threads = threads});
      const auto found =
          std::find_if(report.findings.begin(), report.findings.end(), [&](const Finding& finding) {
            return finding.dataset == dataset && finding.what.find(what) != std::string::npos;
          });
      EXPECT_NE(found, report.findings.end()) << dataset << " " << what;
      for (const Finding& finding : report.findings) {
        EXPECT_EQ(finding.dataset, dataset) << finding.what;
      }
    }
  }

  const TemporaryDirectoryGuard store_;
  std::string path_;
};

TEST_F(Verify, FindsNothingInASoundShard) {
  std::uint64_t told = 0;
  VerifyControls controls{.threads = 2};
  controls.progress = [&](std::uint64_t bytes) { told += bytes; };
  const FileReport report = VerifyFile(path_, controls);
  for (const Finding& finding : report.findings) ADD_FAILURE() << finding.dataset << finding.what;
  EXPECT_TRUE(report.sealed);
  EXPECT_FALSE(report.digest_differs);
  EXPECT_EQ(report.bytes, fs::file_size(path_));
  EXPECT_EQ(told, report.bytes - kSealBytes);
  EXPECT_GT(report.datasets, 80);
  ASSERT_EQ(report.runs.size(), 5U);
  EXPECT_TRUE(report.runs_are_known);
  EXPECT_EQ(report.runs[3].run_id, MakeRecord(3, {.steps = 5000}).run_id);
  EXPECT_EQ(report.runs[3].digest, MakeRecord(3, {.steps = 5000}).digest);
  EXPECT_EQ(report.runs[3].data_digest.size(), 32U);
}

TEST_F(Verify, NamesTheDataSetsInWhichAByteChanged) {
  Flip(ByteOf("/weights/linear1_weight"));
  ExpectFinding("/weights/linear1_weight", "checksum");
  const FileReport report = VerifyFile(path_);
  EXPECT_TRUE(report.digest_differs);
  EXPECT_EQ(report.runs.size(), 5U);  // which runs it had can still be told

  Flip(ByteOf("/loss"));
  EXPECT_EQ(VerifyFile(path_).findings.size(), 2U);
}

TEST_F(Verify, SaysSoWhenNoValueChanged) {
  const std::string bytes = ReadFile(path_);
  Flip(bytes.find("GCOL") + 40);  // the heap with the lists of dimensions
  ExpectFinding("", "outside of all values");
}

TEST_F(Verify, FindsWhatIsNoShardAtAll) {
  for (const char* text : {"", "step,loss\n"}) {
    AtomicWriteFile(path_, text, store_.path(), false);
    ExpectFinding("", "HDF5");
  }
}

TEST_F(Verify, FindsChunksInEachOthersPlace) {
  const Hdf5Source source(path_);
  const auto first = source.Find("/weights/linear1_weight");
  const ChunkPlace a = source.Locate(*first, first->layout->At(0));
  std::string bytes = ReadFile(path_);
  // Another run's chunk of the same length, whose own checksum is right.
  for (std::size_t i = 1; i < first->layout->count(); ++i) {
    const ChunkPlace b = source.Locate(*first, first->layout->At(i));
    if (b.bytes != a.bytes || b.filter_mask != a.filter_mask) continue;
    std::swap_ranges(bytes.begin() + static_cast<std::ptrdiff_t>(a.address),
                     bytes.begin() + static_cast<std::ptrdiff_t>(a.address + a.bytes),
                     bytes.begin() + static_cast<std::ptrdiff_t>(b.address));
    AtomicWriteFile(path_, bytes, store_.path(), false);
    ExpectFinding("", "digest");
    return;
  }
  GTEST_SKIP() << "no two chunks of one length";
}

TEST_F(Verify, FindsWhatIsNotAsTheFormatSays) {
  SetValue("/run", 2, H5T_NATIVE_INT64, std::int64_t{7});
  ExpectFinding("/run", "does not");
}

TEST_F(Verify, FindsCoordinatesThatAreNotThoseOfTheConfiguration) {
  SetValue("/seed", 2, H5T_NATIVE_INT64, std::int64_t{77});
  ExpectFinding("/seed", "configuration");
}

TEST_F(Verify, FindsTransitionsOfNoRun) {
  SetValue("/transitions/run_index", 0, H5T_NATIVE_INT64, std::int64_t{5});
  ExpectFinding("/transitions/run_index", "not there");
}

TEST_F(Verify, FindsMissingDataSets) {
  Change([](hid_t file) { H5Ldelete(file, "steps_done", H5P_DEFAULT); });
  ExpectFinding("/steps_done", "is missing");
}

TEST_F(Verify, FindsMissingCoordinates) {
  Change([](hid_t file) { H5Ldelete(file, "width", H5P_DEFAULT); });
  ExpectFinding("/width", "is missing");
}

TEST_F(Verify, FindsDataSetsWithoutDimensions) {
  Change([](hid_t file) { H5Adelete_by_name(file, "loss", "DIMENSION_LIST", H5P_DEFAULT); });
  ExpectFinding("/loss", "dimensions");
}

TEST_F(Verify, FindsRunIdsOfOtherConfigurations) {
  Change([](hid_t file) {
    const hid_t set = H5Dopen2(file, "run_id", H5P_DEFAULT);
    const hid_t type = H5Dget_type(set);
    std::string ids(5 * 32, '0');
    for (std::size_t i = 0; i < 5; ++i) ids[32 * i] = static_cast<char>('0' + i);
    EXPECT_GE(H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, ids.data()), 0);
    H5Tclose(type);
    H5Dclose(set);
  });
  ExpectFinding("/config", "another run");
}

TEST_F(Verify, ChecksValuesOfAFileWithoutSeal) {
  const int version[2] = {1, 0};
  Change([&](hid_t file) {
    const hid_t attribute = H5Aopen(file, "format_version", H5P_DEFAULT);
    H5Awrite(attribute, H5T_NATIVE_INT32, version);
    H5Aclose(attribute);
  });
  fs::resize_file(path_, fs::file_size(path_) - kSealBytes);
  const FileReport report = VerifyFile(path_);
  EXPECT_FALSE(report.sealed);
  EXPECT_TRUE(report.findings.empty());
  Flip(ByteOf("/loss"));
  ExpectFinding("/loss", "checksum");
}

TEST_F(Verify, StopsWhenAsked) {
  StopToken stop;
  stop.Request(2);
  EXPECT_TRUE(VerifyFile(path_, {.stop = &stop}).stopped);
}

TEST_F(Verify, MovesShardsAsideOverNothing) {
  const std::string first = MoveAside(store_.path(), path_);
  EXPECT_EQ(fs::path(first).parent_path(), DamagedDirectory(store_.path()));
  EXPECT_FALSE(fs::exists(path_));
  AtomicWriteFile(path_, "another", store_.path(), false);
  const std::string second = MoveAside(store_.path(), path_);
  EXPECT_NE(first, second);
  EXPECT_EQ(ReadFile(second), "another");
  EXPECT_NO_THROW(ShardReader(first).Verify());
}

}  // namespace
}  // namespace crease::store
