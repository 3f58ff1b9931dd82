// Sweep files, worker status, and files that are replaced as a whole.
#include "lib/store/layout.h"

#include <cmath>
#include <fstream>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>

#include "lib/core/error.h"
#include "lib/store/files.h"
#include "lib/store/status.h"
#include "tests/store/fixture.h"

namespace crease::store {
namespace {

using testing::FilesIn;
using testing::TemporaryDirectoryGuard;

TEST(CreateStore, LeavesDirectoriesAloneThatAreSomethingElse) {
  const TemporaryDirectoryGuard home;
  std::ofstream(home.path() + "/thesis.tex") << "";
  try {
    CreateStore(home.path());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::kInput);
    EXPECT_EQ(error.place(), home.path());
    EXPECT_NE(error.problem().find("thesis.tex"), std::string::npos);
    EXPECT_FALSE(error.remedy().empty());
  }
  EXPECT_EQ(FilesIn(home.path()).size(), 1U);
  EXPECT_THROW(CreateStore(home.path() + "/thesis.tex"), Error);
}

TEST(CreateStore, GoesOnWhereItWasKilled) {
  const TemporaryDirectoryGuard store;
  std::ofstream(store.path() + "/.hidden") << "";
  std::filesystem::create_directory(SweepsDirectory(store.path()));
  std::filesystem::create_directory(TemporaryDirectory(store.path()));
  CreateStore(store.path());
  EXPECT_TRUE(IsStore(store.path()));
  std::ofstream(store.path() + "/notes.txt") << "";
  CreateStore(store.path());  // a store may hold whatever its owner puts there
}

TEST(SaveSweepFile, KeepsEveryTextOfAName) {
  const TemporaryDirectoryGuard store;
  CreateStore(store.path());
  const std::string path = SweepsDirectory(store.path()) + "/spiral.toml";
  const std::string history = SweepsDirectory(store.path()) + "/history";
  SaveSweepFile(store.path(), "spiral", "first\r\n# comment", {});
  SaveSweepFile(store.path(), "spiral", "first\r\n# comment", {});
  EXPECT_EQ(ReadFile(path), "first\r\n# comment");
  EXPECT_FALSE(std::filesystem::exists(history));
  SaveSweepFile(store.path(), "spiral", "second", {"train.steps=5"});
  EXPECT_EQ(ReadFile(path), "second");
  ASSERT_EQ(FilesIn(history).size(), 1U);
  EXPECT_EQ(ReadFile(FilesIn(history)[0].string()), "first\r\n# comment");
  EXPECT_EQ(ReadFile(SweepsDirectory(store.path()) + "/spiral.set"), "train.steps=5\n");
  SaveSweepFile(store.path(), "spiral", "second", {});
  EXPECT_EQ(ReadFile(SweepsDirectory(store.path()) + "/spiral.set"), "");
  EXPECT_TRUE(FilesIn(TemporaryDirectory(store.path())).empty());
}

TEST(Status, IsReadAsItWasWritten) {
  const TemporaryDirectoryGuard store;
  CreateStore(store.path());
  WorkerStatus status = NewWorkerStatus();
  status.sweep = "spiral";
  status.command = "crease run \"a b.toml\"";
  status.runs_total = 64;
  status.runs_done = 3;
  status.steps_per_second = 1.25e6;
  status.last_error = "bad \xff byte\nand a new line";
  WriteStatus(store.path(), status);
  status.runs_done = 4;
  WriteStatus(store.path(), status);
  const std::vector<WorkerStatus> all = ReadStatus(store.path());
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].worker, HostName() + "-" + std::to_string(getpid()));
  EXPECT_EQ(all[0].command, status.command);
  EXPECT_EQ(all[0].runs_total, 64);
  EXPECT_EQ(all[0].runs_done, 4);
  EXPECT_EQ(all[0].steps_per_second, 1.25e6);
  EXPECT_TRUE(std::isnan(all[0].eta_seconds));
  EXPECT_EQ(all[0].state, "running");
  EXPECT_FALSE(all[0].heartbeat_utc.empty());
  EXPECT_FALSE(IsLost(all[0]));
}

TEST(Status, FilesThatAreNoneAreLeftOut) {
  const TemporaryDirectoryGuard store;
  CreateStore(store.path());
  std::ofstream(StatusDirectory(store.path()) + "/a.json") << "{\"worker\": ";
  std::ofstream(StatusDirectory(store.path()) + "/b.json") << "[1, 2]";
  std::ofstream(StatusDirectory(store.path()) + "/c.json")
      << R"({"worker": "c", "pid": "seven", "runs_total": 1e99, "eta_seconds": null})";
  const std::vector<WorkerStatus> all = ReadStatus(store.path());
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].worker, "c");
  EXPECT_EQ(all[0].pid, 0);
}

TEST(Status, AWorkerIsLostWhenItsProcessIsGoneOrSilent) {
  WorkerStatus gone = NewWorkerStatus();
  gone.pid = 1 << 28;
  EXPECT_TRUE(IsLost(gone));
  gone.state = "done";
  EXPECT_FALSE(IsLost(gone));
  WorkerStatus elsewhere = NewWorkerStatus();
  elsewhere.host = "elsewhere";
  elsewhere.heartbeat_utc = UtcNow();
  EXPECT_FALSE(IsLost(elsewhere));
  elsewhere.heartbeat_utc = "2020-01-01T00:00:00.000Z";
  EXPECT_TRUE(IsLost(elsewhere));
}

TEST(Status, OfThisHostTheProcessDecidesAndNotTheClock) {
  WorkerStatus status = NewWorkerStatus();
  EXPECT_FALSE(status.process_start.empty());
  for (const char* heartbeat : {"2020-01-01T00:00:00.000Z", "2120-01-01T00:00:00.000Z"}) {
    status.heartbeat_utc = heartbeat;
    EXPECT_FALSE(IsLost(status));
  }
  // The number of a dead worker may belong to another process by now: this one, here.
  status.process_start = NewWorkerStatus().process_start + "0";
  EXPECT_TRUE(IsLost(status));
  status.process_start = "";  // as a worker of another version may leave it
  EXPECT_FALSE(IsLost(status));
  status.heartbeat_utc = "2020-01-01T00:00:00.000Z";
  EXPECT_TRUE(IsLost(status));
}

// A status file as a worker left it: in another process, long ago.
void LeaveStatus(const std::string& store, const std::string& worker, const std::string& state,
                 const std::string& heartbeat_utc, const std::string& sweep = "spiral",
                 const std::string& host = HostName()) {
  std::ofstream(StatusDirectory(store) + "/" + worker + ".json")
      << R"({"worker": ")" << worker << R"(", "pid": 268435456, "host": ")" << host
      << R"(", "sweep": ")" << sweep << R"(", "command": "crease run )" << worker
      << R"(", "state": ")" << state << R"(", "heartbeat_utc": ")" << heartbeat_utc << "\"}";
}

TEST(Status, OldOnesAreRemovedButTheLastOfASweepIsKept) {
  const TemporaryDirectoryGuard store;
  CreateStore(store.path());
  const std::string now = UtcNow();
  LeaveStatus(store.path(), "old", "finished", "2020-01-01T00:00:00.000Z");
  LeaveStatus(store.path(), "older", "running", "2019-01-01T00:00:00.000Z");
  LeaveStatus(store.path(), "recent", "finished", now);
  LeaveStatus(store.path(), "last", "failed", "2020-01-01T00:00:00.000Z", "rings");
  LeaveStatus(store.path(), "other", "finished", "2020-01-01T00:00:00.000Z", "spiral", "elsewhere");
  LeaveStatus(store.path(), "lost", "running", now);
  LeaveStatus(store.path(), "again", "running", now);
  WriteStatus(store.path(), NewWorkerStatus());
  RemoveOldStatus(store.path(), "crease run again");
  std::vector<std::string> kept;
  for (const WorkerStatus& status : ReadStatus(store.path())) {
    if (status.worker != NewWorkerStatus().worker) kept.push_back(status.worker);
  }
  EXPECT_EQ(kept, (std::vector<std::string>{"last", "lost", "other", "recent"}));
  EXPECT_EQ(ReadStatus(store.path()).size(), 5U);
}

}  // namespace
}  // namespace crease::store
