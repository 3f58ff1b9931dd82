// A log of checkpoints gives back what was appended whole, whatever happened to its end.
#include "lib/store/checkpoints.h"

#include <fstream>

#include <gtest/gtest.h>

#include "lib/core/error.h"
#include "lib/store/files.h"
#include "lib/store/layout.h"
#include "tests/store/fixture.h"

namespace crease::store {
namespace {

using testing::FilesIn;
using testing::TemporaryDirectoryGuard;
using train::CheckpointEntry;

const std::string kRun(32, 'a');
const train::RecordOptions kDefault;

CheckpointEntry Entry(std::int64_t step) {
  CheckpointEntry entry{.step = step, .wall_seconds = 0.5 * static_cast<double>(step)};
  for (std::int64_t i = 0; i < 40 + step; ++i) {
    entry.recorded.push_back(static_cast<std::byte>(i * step));
    if (i % 2 == 0) entry.state.push_back(static_cast<std::byte>(i + step));
  }
  return entry;
}

class CheckpointsTest : public ::testing::Test {
 protected:
  CheckpointsTest() { CreateStore(store_.path()); }

  void Append(std::int64_t first, std::int64_t last) {
    Checkpoints checkpoints(store_.path());
    const auto log = checkpoints.Open(kRun, kDefault, false);
    log->Read();
    for (std::int64_t step = first; step <= last; ++step) log->Append(Entry(step));
  }
  // How many entries there are; they must be those of steps 1, 2, ...
  std::int64_t Read(const train::RecordOptions& record = {}) {
    Checkpoints checkpoints(store_.path());
    const auto entries = checkpoints.Open(kRun, record, false)->Read();
    std::int64_t step = 0;
    for (const CheckpointEntry& entry : entries) {
      const CheckpointEntry expected = Entry(++step);
      EXPECT_EQ(entry.step, expected.step);
      EXPECT_EQ(entry.wall_seconds, expected.wall_seconds);
      EXPECT_EQ(entry.recorded, expected.recorded);
      EXPECT_EQ(entry.state, expected.state);
    }
    return step;
  }
  std::string path() const {
    return CheckpointsDirectory(store_.path()) + "/" + kRun + ".checkpoint";
  }
  void Replace(const std::string& bytes) { std::ofstream(path(), std::ios::binary) << bytes; }

  TemporaryDirectoryGuard store_;
};

TEST_F(CheckpointsTest, EntriesComeBackInOrder) {
  EXPECT_EQ(Read(), 0);
  Append(1, 3);
  EXPECT_EQ(Read(), 3);
  Append(4, 5);
  EXPECT_EQ(Read(), 5);
}

TEST_F(CheckpointsTest, NoFileIsMadeBeforeTheFirstEntry) {
  Checkpoints checkpoints(store_.path());
  checkpoints.Open(kRun, kDefault, false)->Read();
  EXPECT_TRUE(FilesIn(CheckpointsDirectory(store_.path())).empty());
}

TEST_F(CheckpointsTest, ATornEndIsCutOffAndWrittenAnew) {
  Append(1, 3);
  const std::string whole = ReadFile(path());
  // Every append waits for the disk: not at every byte.
  for (std::size_t missing = 0; missing <= whole.size(); missing += missing < 20 ? 1 : 7) {
    const std::size_t length = whole.size() - missing;
    Replace(whole.substr(0, length));
    const std::int64_t kept = Read();
    ASSERT_EQ(kept == 3, missing == 0);
    Append(kept + 1, 4);
    ASSERT_EQ(Read(), 4) << length;
  }
}

TEST_F(CheckpointsTest, AFlippedByteEndsTheLog) {
  Append(1, 3);
  const std::string whole = ReadFile(path());
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    Replace(damaged);
    ASSERT_LT(Read(), 3) << at;
  }
}

TEST_F(CheckpointsTest, AnotherRunOrRecordingIsPassedOver) {
  Append(1, 3);
  train::RecordOptions sparser;
  sparser.scalars = train::StepSchedule::Every(2);
  EXPECT_EQ(Read(sparser), 0);
  Checkpoints checkpoints(store_.path());
  std::filesystem::copy_file(
      path(), CheckpointsDirectory(store_.path()) + "/" + std::string(32, 'b') + ".checkpoint");
  EXPECT_TRUE(
      Checkpoints(store_.path()).Open(std::string(32, 'b'), kDefault, false)->Read().empty());
}

TEST_F(CheckpointsTest, OneProcessHasTheLog) {
  Append(1, 2);
  Checkpoints mine(store_.path()), other(store_.path());
  {
    const auto log = mine.Open(kRun, kDefault, false);
    EXPECT_EQ(log->Read().size(), 2U);
    const auto blocked = other.Open(kRun, kDefault, false);
    EXPECT_TRUE(blocked->Read().empty());
    blocked->Append(Entry(9));
    log->Append(Entry(3));
  }
  EXPECT_EQ(Read(), 3);
}

TEST_F(CheckpointsTest, AreForgottenAfreshAndRemovedWhenSealed) {
  Append(1, 2);
  Checkpoints checkpoints(store_.path());
  EXPECT_EQ(checkpoints.run_ids(), std::set<std::string>{kRun});
  EXPECT_TRUE(checkpoints.Open(kRun, kDefault, true)->Read().empty());
  Append(1, 2);
  checkpoints.Remove({std::string(32, 'c'), kRun});
  EXPECT_TRUE(checkpoints.run_ids().empty());
  EXPECT_TRUE(FilesIn(CheckpointsDirectory(store_.path())).empty());
}

TEST_F(CheckpointsTest, WhatCannotBeWrittenIsASystemError) {
  Checkpoints checkpoints(store_.path());
  const auto log = checkpoints.Open(kRun, kDefault, false);
  std::filesystem::remove_all(CheckpointsDirectory(store_.path()));
  try {
    log->Append(Entry(1));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::kSystem);
    EXPECT_NE(std::string(error.what()).find(kRun), std::string::npos);
  }
}

}  // namespace
}  // namespace crease::store
