// What is written comes back, bit for bit, and nothing else is ever seen.
#include "lib/store/writer.h"

#include <chrono>
#include <fstream>
#include <map>
#include <thread>

#include <gtest/gtest.h>

#include "lib/core/error.h"
#include "lib/store/layout.h"
#include "lib/store/reader.h"
#include "tests/store/fixture.h"

namespace crease::store {
namespace {

using testing::CheckStore;
using testing::FilesIn;
using testing::MakeDataset;
using testing::MakeRecord;
using testing::SampleOptions;
using testing::TemporaryDirectoryGuard;

void WriteRuns(const std::string& store, std::uint64_t first, std::uint64_t last,
               const SampleOptions& options = {}, const WriterOptions& writer_options = {}) {
  Writer writer(store, writer_options);
  for (std::uint64_t seed = first; seed < last; ++seed) {
    writer.Append(MakeRecord(seed, options), options.record, MakeDataset());
  }
  writer.Seal();
}

TEST(Writer, WhatIsWrittenComesBackBitForBit) {
  const TemporaryDirectoryGuard store;
  WriteRuns(store.path(), 0, 20);
  EXPECT_EQ(ListShards(store.path()).size(), 1U);
  EXPECT_EQ(CheckStore(store.path()), 20);
  EXPECT_TRUE(FilesIn(TemporaryDirectory(store.path())).empty());
}

// Rows beyond the chunk size are cut along the step axis, and along later ones.
TEST(Writer, LongRunsAreCutIntoChunks) {
  const TemporaryDirectoryGuard store;
  const SampleOptions options{.steps = 300'000, .width = 12};
  WriteRuns(store.path(), 0, 3, options);
  EXPECT_EQ(CheckStore(store.path(), options), 3);
}

TEST(Writer, NothingIsVisibleBeforeSealAndNothingUnsealedRemains) {
  const TemporaryDirectoryGuard store;
  {
    Writer writer(store.path(), {});
    writer.Append(MakeRecord(0), {}, MakeDataset());
    EXPECT_TRUE(ListShards(store.path()).empty());
  }
  EXPECT_TRUE(ListShards(store.path()).empty());
  EXPECT_TRUE(FilesIn(TemporaryDirectory(store.path())).empty());
}

TEST(Writer, RunsOfOtherShapesGoToOtherShards) {
  const TemporaryDirectoryGuard store;
  Writer writer(store.path(), {.sweep_name = "mixed"});
  for (std::int64_t width : {3, 4, 5}) {
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
      writer.Append(MakeRecord(seed, {.width = width}), {}, MakeDataset());
    }
  }
  writer.Seal();
  const std::vector<std::string> shards = ListShards(store.path());
  ASSERT_EQ(shards.size(), 3U);
  for (const std::string& path : shards) {
    const ShardReader reader(path);
    EXPECT_EQ(reader.info().runs, 4);
    reader.Verify();
  }
  EXPECT_EQ(writer.summary().runs, 12);
  EXPECT_EQ(writer.summary().shards, 3);
}

TEST(Writer, AShardIsSealedWhenItIsFullOrOld) {
  const TemporaryDirectoryGuard by_runs, by_bytes, by_age;
  WriteRuns(by_runs.path(), 0, 10, {}, {.runs_per_shard = 4});
  EXPECT_EQ(ListShards(by_runs.path()).size(), 3U);
  WriteRuns(by_bytes.path(), 0, 10, {}, {.bytes_per_shard = 1});
  EXPECT_EQ(ListShards(by_bytes.path()).size(), 10U);
  WriteRuns(by_age.path(), 0, 10, {}, {.seal_after_seconds = 0});
  EXPECT_EQ(ListShards(by_age.path()).size(), 10U);
  for (const auto* store : {&by_runs, &by_bytes, &by_age}) EXPECT_EQ(CheckStore(store->path()), 10);
}

TEST(Writer, SealsAnOldShardThoughNoRunFollows) {
  const TemporaryDirectoryGuard directory;
  Writer writer(directory.path(), {.seal_after_seconds = 0.1});
  writer.Append(MakeRecord(0), {}, MakeDataset());
  for (int look = 0; look < 300 && FilesIn(ShardsDirectory(directory.path())).empty(); ++look) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  EXPECT_EQ(ListShards(directory.path()).size(), 1U);
}

TEST(Writer, TheSameRunsAgainGiveTheSameFileAndAreDropped) {
  const TemporaryDirectoryGuard store;
  WriteRuns(store.path(), 0, 5);
  const auto before = ListShards(store.path());
  WriteRuns(store.path(), 0, 5);
  EXPECT_EQ(ListShards(store.path()), before);
  EXPECT_TRUE(FilesIn(TemporaryDirectory(store.path())).empty());
}

TEST(Writer, TheSameRunsRecordedOtherwiseAreKept) {
  const TemporaryDirectoryGuard store;
  WriteRuns(store.path(), 0, 5);
  SampleOptions denser;
  denser.record.weights = train::StepSchedule::Every(1);
  WriteRuns(store.path(), 0, 5, denser);
  EXPECT_EQ(ListShards(store.path()).size(), 2U);
}

TEST(Writer, ManyThreadsAppendAtOnce) {
  const TemporaryDirectoryGuard store;
  Writer writer(store.path(), {.runs_per_shard = 8, .queue_bytes = 50'000});
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&writer, t] {
      for (std::uint64_t seed = t * 20; seed < (t + 1) * 20; ++seed) {
        writer.Append(MakeRecord(seed), {}, MakeDataset());
        if (seed % 10 == 9) writer.Seal();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  writer.Seal();
  EXPECT_EQ(CheckStore(store.path()), 80);
}

TEST(Writer, TwoWritersShareAStore) {
  const TemporaryDirectoryGuard store;
  std::thread other([&] { WriteRuns(store.path(), 0, 30, {}, {.runs_per_shard = 4}); });
  WriteRuns(store.path(), 30, 60, {}, {.runs_per_shard = 4});
  other.join();
  EXPECT_EQ(CheckStore(store.path()), 60);
}

TEST(Writer, ARunWithoutArraysOrTransitionsIsStored) {
  const TemporaryDirectoryGuard store;
  train::RunRecord bare = MakeRecord(0);
  bare.arrays.clear();
  bare.axes.clear();
  Writer writer(store.path(), {});
  writer.Append(std::move(bare), {}, MakeDataset());
  writer.Seal();
  const ShardReader reader(ListShards(store.path()).at(0));
  EXPECT_EQ(reader.Runs().size(), 1U);
  EXPECT_TRUE(reader.Runs()[0].transitions.empty());
  EXPECT_TRUE(reader.Row("loss", 0).empty());
  EXPECT_TRUE(reader.Steps("").empty());
}

TEST(Writer, ANameThatIsAFileIsRefused) {
  const TemporaryDirectoryGuard directory;
  const std::string file = directory.path() + "/file";
  { std::ofstream(file) << "text"; }
  try {
    const Writer writer(file, {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::kInput);
    EXPECT_EQ(error.place(), file);
  }
}

TEST(Reader, TellsWhatTheShardSaysOfItself) {
  const TemporaryDirectoryGuard store;
  WriteRuns(store.path(), 0, 2, {}, {.sweep_name = "spiral", .instruction_set = "AVX2"});
  const ShardReader reader(ListShards(store.path()).at(0));
  std::map<std::string, std::string> attributes(reader.info().attributes.begin(),
                                                reader.info().attributes.end());
  EXPECT_EQ(attributes["format"], "crease");
  EXPECT_EQ(attributes["format_version"], "1,1");
  EXPECT_EQ(attributes["sweep_name"], "spiral");
  EXPECT_EQ(attributes["instruction_set"], "AVX2");
  for (const char* name : {"numerics_version", "crease_version", "git_commit", "created_utc",
                           "hostname", "cpu", "compiler", "hdf5_version", "record"}) {
    EXPECT_FALSE(attributes[name].empty()) << name;
  }
  EXPECT_EQ(reader.Shape("grad_norm"), (std::vector<std::size_t>{2, 501, 3}));
  EXPECT_EQ(std::get<std::vector<std::int64_t>>(*reader.Column("seed")),
            (std::vector<std::int64_t>{0, 1}));
  EXPECT_EQ(std::get<std::vector<std::string>>(*reader.Column("norm"))[0], "unit");
  EXPECT_FALSE(reader.Column("no_such_column").has_value());
  EXPECT_TRUE(reader.Row("no_such_array", 0).empty());
  EXPECT_TRUE(reader.Row("loss", 2).empty());
}

TEST(Reader, AStoreThatIsNoneIsRefusedWithTheRemedy) {
  try {
    ListShards("/no/such/store");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::kInput);
    EXPECT_FALSE(error.remedy().empty());
  }
}

}  // namespace
}  // namespace crease::store
