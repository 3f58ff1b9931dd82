// One file with all runs of a store.
#include "lib/store/pack.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <string>
#include <sys/mount.h>
#include <vector>

#include <gtest/gtest.h>

#include "lib/core/error.h"
#include "lib/core/stop.h"
#include "lib/store/catalog.h"
#include "lib/store/files.h"
#include "lib/store/layout.h"
#include "lib/store/reader.h"
#include "lib/store/stored_record.h"
#include "lib/store/verify.h"
#include "lib/store/writer.h"
#include "tests/store/fixture.h"

// HDF5 leaks what it has read of a file that it then cannot open.
// NOLINTNEXTLINE(bugprone-reserved-identifier)
extern "C" const char* __lsan_default_suppressions() { return "leak:libhdf5"; }

namespace crease::store {
namespace {

namespace fs = std::filesystem;
using testing::AddBursts;
using testing::FilesIn;
using testing::MakeDataset;
using testing::MakeRecord;
using testing::SampleOptions;
using testing::TemporaryDirectoryGuard;

class Pack : public ::testing::Test {
 protected:
  void Write(std::uint64_t first, std::uint64_t last, const SampleOptions& options = {},
             const std::string& sweep = "spiral", std::size_t points = 40) {
    Writer writer(store(), {.sweep_name = sweep});
    for (std::uint64_t seed = first; seed < last; ++seed) {
      train::RunRecord record = MakeRecord(seed, options);
      AddBursts(seed, record);
      writer.Append(std::move(record), options.record, MakeDataset(points));
    }
    writer.Seal();
  }

  std::string store() const { return directory_.path() + "/store"; }
  std::string file() const { return directory_.path() + "/packed.h5"; }

  // What a file's runs are, by id.
  static std::map<std::string, std::string> Digests(const std::vector<std::string>& paths) {
    std::map<std::string, std::string> digests;
    for (const std::string& path : paths) {
      for (const std::string& group : ShardGroups(path)) {
        const RecordReader reader(path, group);
        for (std::int64_t run = 0; run < reader.info().runs; ++run) {
          const StoredRecord stored = reader.Read(run);
          digests[stored.record.run_id] = DigestOf(stored);
        }
      }
    }
    return digests;
  }

  void ExpectAll() const {
    EXPECT_EQ(Digests({file()}), Digests(ListShards(store())));
    const FileReport report = VerifyFile(file());
    for (const Finding& finding : report.findings) {
      ADD_FAILURE() << finding.dataset << " " << finding.what;
    }
    EXPECT_EQ(report.runs.size(), Catalog(store()).RunIds().size());
  }

  const TemporaryDirectoryGuard directory_;
};

TEST_F(Pack, RecordsComeBackAsTheyWereAppended) {
  Write(0, 5);
  const RecordReader reader(ListShards(store()).at(0));
  EXPECT_EQ(reader.recorded(), train::RecordOptions());
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    train::RunRecord expected = MakeRecord(seed);
    AddBursts(seed, expected);
    const train::RunRecord record = reader.Read(static_cast<std::int64_t>(seed)).record;
    EXPECT_EQ(record.run_id, expected.run_id);
    EXPECT_EQ(record.transitions.size(), expected.transitions.size());
    EXPECT_EQ(record.bursts.step, expected.bursts.step);
    EXPECT_EQ(record.bursts.transition, expected.bursts.transition);
    std::size_t found = 0;
    expected.arrays.insert(expected.arrays.end(), expected.bursts.arrays.begin(),
                           expected.bursts.arrays.end());
    std::vector<train::RecordedArray> arrays = record.arrays;
    arrays.insert(arrays.end(), record.bursts.arrays.begin(), record.bursts.arrays.end());
    for (const train::RecordedArray& array : arrays) {
      for (const train::RecordedArray& other : expected.arrays) {
        if (other.group != array.group || other.name != array.name) continue;
        ++found;
        EXPECT_EQ(array.dimensions, other.dimensions) << array.name;
        EXPECT_EQ(array.shape, other.shape) << array.name;
        EXPECT_EQ(array.description, other.description);
        EXPECT_EQ(array.units, other.units);
        EXPECT_EQ(std::memcmp(array.values.data(), other.values.data(),
                              std::min(array.values.size(), other.values.size()) * sizeof(float)),
                  0)
            << array.name;
      }
    }
    EXPECT_EQ(found, expected.arrays.size());
    EXPECT_EQ(arrays.size(), expected.arrays.size());
  }
  const StoredData data = reader.Data();
  EXPECT_TRUE(data.stored);
  EXPECT_EQ(data.dataset->train.labels, MakeDataset()->train.labels);
  EXPECT_EQ(data.dataset->test.x, MakeDataset()->test.x);
}

TEST_F(Pack, OneShapeIsAShard) {
  Write(0, 5);
  Write(5, 8);
  Write(8, 20);
  const auto summary = store::Pack(store(), file());
  ASSERT_TRUE(summary.has_value());
  EXPECT_EQ(summary->runs, 20);
  EXPECT_EQ(summary->shapes, 1);
  EXPECT_EQ(summary->file_bytes, fs::file_size(file()));
  ExpectAll();
  // A store of its own, and no other copies in the old one.
  const std::string other = directory_.path() + "/other";
  CreateStore(other);
  fs::copy(file(), ShardsDirectory(other) + "/packed.h5");
  EXPECT_EQ(Catalog(other).RunIds(), Catalog(store()).RunIds());
  fs::copy(file(), ShardsDirectory(store()) + "/packed.h5");
  EXPECT_EQ(Catalog(store()).RunIds().size(), 20U);
}

TEST_F(Pack, ShapesAndSweepsAreGroups) {
  Write(0, 5);
  Write(0, 3, {.steps = 200, .width = 5, .depth = 4}, "wide", 60);
  Write(5, 9);
  Write(20, 22, {}, "another");
  const auto summary = store::Pack(store(), file());
  ASSERT_TRUE(summary.has_value());
  EXPECT_EQ(summary->runs, 14);
  EXPECT_EQ(summary->shapes, 3);
  ExpectAll();
  EXPECT_EQ(ShardGroups(file()), (std::vector<std::string>{"shape_0", "shape_1", "shape_2"}));
  EXPECT_EQ(ShardReader(file(), "shape_1").info().Attribute("sweep_name"), "wide");
  EXPECT_EQ(ShardReader(file(), "shape_1").Shape("loss"), (std::vector<std::size_t>{3, 201}));
  EXPECT_THROW(ShardReader{file()}, Error);
  // It has no place in a store, and is told from a shard.
  fs::copy(file(), ShardsDirectory(store()) + "/packed.h5");
  EXPECT_THROW(Catalog{store()}, Error);
  EXPECT_FALSE(
      VerifyFile(ShardsDirectory(store()) + "/packed.h5", {.in_store = true}).findings.empty());
}

TEST_F(Pack, ManySmallRunsFillTheirChunks) {
  for (std::uint64_t first = 0; first < 900; first += 100)
    Write(first, first + 100, {.steps = 110});
  ASSERT_TRUE(store::Pack(store(), file()).has_value());
  ExpectAll();
}

TEST_F(Pack, TakesTheNewestCopyOfARun) {
  Write(0, 5);
  Write(3, 9);
  ASSERT_EQ(ListShards(store()).size(), 2U);
  const auto summary = store::Pack(store(), file());
  EXPECT_EQ(summary->runs, 9);
  ExpectAll();
}

TEST_F(Pack, LargeDataAreNamedOnly) {
  Write(0, 2, {}, "large", 3'000'000);
  EXPECT_FALSE(RecordReader(ListShards(store()).at(0)).Data().stored);
  ASSERT_TRUE(store::Pack(store(), file()).has_value());
  ExpectAll();
  EXPECT_EQ(RecordReader(file()).Data().digest,
            RecordReader(ListShards(store()).at(0)).Data().digest);
}

TEST_F(Pack, LeavesOtherFilesAlone) {
  Write(0, 2);
  AtomicWriteFile(file(), "precious", directory_.path());
  EXPECT_THROW(store::Pack(store(), file()), Error);
  EXPECT_EQ(ReadFile(file()), "precious");
  ASSERT_TRUE(store::Pack(store(), file(), {.replace = true}).has_value());
  ExpectAll();
}

TEST_F(Pack, LeavesNothingWhenStopped) {
  Write(0, 9);
  for (int after : {1, 8, 10, 17}) {
    StopToken stop;
    int done = 0;
    PackOptions options{.stop = &stop};
    options.progress = [&](std::int64_t) {
      if (++done == after) stop.Request(2);
    };
    EXPECT_FALSE(store::Pack(store(), file(), options).has_value());
    EXPECT_EQ(FilesIn(directory_.path()).size(), 1U);
  }
}

TEST_F(Pack, RefusesDamagedShards) {
  Write(0, 9);
  const std::string shard = ListShards(store()).at(0);
  std::string bytes = ReadFile(shard);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  const Catalog catalog(store());  // has read it before the damage
  AtomicWriteFile(shard, bytes, directory_.path(), false);
  try {
    store::Pack(store(), file());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::kDamaged);
    EXPECT_NE(std::string(error.what()).find(shard), std::string::npos) << error.what();
  }
  EXPECT_EQ(FilesIn(directory_.path()).size(), 1U);
}

TEST_F(Pack, LeavesNothingOnAFullDisk) {
  Write(0, 12, {.steps = 20'000});
  const std::string disk = directory_.path() + "/disk";
  fs::create_directory(disk);
  for (const char* size : {"size=64k", "size=1m", "size=3m"}) {
    if (mount("tmpfs", disk.c_str(), "tmpfs", 0, size) != 0) {
      GTEST_SKIP() << "needs to mount a tmpfs: " << std::strerror(errno);
    }
    try {
      store::Pack(store(), disk + "/packed.h5");
      ADD_FAILURE() << size;
    } catch (const Error& error) {
      EXPECT_EQ(error.fault(), Fault::kSystem) << error.what();
      EXPECT_NE(std::string(error.what()).find("No space left"), std::string::npos);
    }
    EXPECT_TRUE(FilesIn(disk).empty());
    umount2(disk.c_str(), MNT_DETACH);
  }
}

TEST_F(Pack, RefusesEmptyStores) {
  CreateStore(store());
  EXPECT_THROW(store::Pack(store(), file()), Error);
  EXPECT_THROW(store::Pack(directory_.path() + "/absent", file()), Error);
}

}  // namespace
}  // namespace crease::store
