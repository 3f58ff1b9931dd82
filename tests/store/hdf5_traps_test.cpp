// What HDF5 does unless it is told otherwise: lock files, write errors to stderr, mark files as
// open for writing.
#include <array>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <functional>
#include <optional>
#include <signal.h>
#include <string>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include "lib/core/error.h"
#include "lib/store/files.h"
#include "lib/store/layout.h"
#include "lib/store/reader.h"
#include "lib/store/writer.h"
#include "tests/store/fixture.h"

namespace crease::store {
namespace {

using testing::CheckStore;
using testing::MakeDataset;
using testing::MakeRecord;
using testing::TemporaryDirectoryGuard;

void WriteRuns(const std::string& store, std::uint64_t first) {
  Writer writer(store, {});
  for (std::uint64_t seed = first; seed < first + 3; ++seed) {
    writer.Append(MakeRecord(seed), {}, MakeDataset());
  }
  writer.Seal();
}

// What `action` writes to stderr, by whatever way.
std::string Stderr(const std::function<void()>& action) {
  const TemporaryDirectoryGuard folder;
  const std::string path = folder.path() + "/stderr";
  const int file = open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  const int before = dup(STDERR_FILENO);
  dup2(file, STDERR_FILENO);
  action();
  dup2(before, STDERR_FILENO);
  close(before);
  close(file);
  return ReadFile(path);
}

std::optional<Error> ErrorOf(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  return std::nullopt;
}

// Locks belong to open files, so that of another process is no different.
class LockedByAnother {
 public:
  explicit LockedByAnother(const std::string& path) {
    int ready[2];
    if (pipe(ready) != 0) std::abort();
    child_ = fork();
    if (child_ == 0) {
      const int file = open(path.c_str(), O_RDONLY);
      const bool locked = file >= 0 && flock(file, LOCK_EX | LOCK_NB) == 0;
      const char answer = locked ? 'y' : 'n';
      if (write(ready[1], &answer, 1) == 1) pause();
      _exit(0);
    }
    locked_ = read(ready[0], &answer_, 1) == 1 && answer_ == 'y';
    close(ready[0]);
    close(ready[1]);
  }
  ~LockedByAnother() {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }
  bool locked() const { return locked_; }

 private:
  pid_t child_ = -1;
  char answer_ = 0;
  bool locked_ = false;
};

TEST(FileLocking, NobodysLockKeepsAReaderOut) {
  unsetenv("HDF5_USE_FILE_LOCKING");
  const TemporaryDirectoryGuard store;
  WriteRuns(store.path(), 0);
  const std::string shard = ListShards(store.path()).at(0);
  const LockedByAnother lock(shard);
  ASSERT_TRUE(lock.locked());
  EXPECT_EQ(CheckStore(store.path()), 3);
  WriteRuns(store.path(), 3);
  EXPECT_EQ(CheckStore(store.path()), 6);
}

TEST(FileLocking, AReaderLocksNothing) {
  unsetenv("HDF5_USE_FILE_LOCKING");
  const TemporaryDirectoryGuard store;
  WriteRuns(store.path(), 0);
  const std::string shard = ListShards(store.path()).at(0);
  const ShardReader reader(shard);
  EXPECT_TRUE(LockedByAnother(shard).locked());
}

// Files that are open for writing, or for SWMR, bear a mark that keeps others from opening them; it
// stays when the writer is killed. Format 2 of the superblock has no SWMR, and its mark is clear.
TEST(Superblock, BearsNoMarkOfAWriter) {
  const TemporaryDirectoryGuard store;
  WriteRuns(store.path(), 0);
  const std::string head = ReadFile(ListShards(store.path()).at(0)).substr(0, 12);
  EXPECT_EQ(head.substr(0, 8), "\x89HDF\r\n\x1a\n");
  EXPECT_EQ(head[8], 2);
  EXPECT_EQ(head[11], 0);
}

TEST(ErrorStack, OfAReaderIsOurMessageOnEveryThread) {
  const TemporaryDirectoryGuard store;
  WriteRuns(store.path(), 0);
  const std::string shard = ListShards(store.path()).at(0), text = ReadFile(shard);
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{100}, text.size() / 2}) {
    const std::string cut = store.path() + "/cut.h5";
    std::ofstream(cut, std::ios::binary) << text.substr(0, bytes);
    const auto open_it = [&] {
      const auto error = ErrorOf([&] { ShardReader(cut).Runs(); });
      ASSERT_TRUE(error.has_value());
      EXPECT_EQ(error->fault(), Fault::kDamaged);
      EXPECT_NE(error->place().find(cut), std::string::npos);
      EXPECT_FALSE(error->remedy().empty());
    };
    EXPECT_EQ(Stderr(open_it), "");
    EXPECT_EQ(Stderr([&] { std::thread(open_it).join(); }), "");
  }
  EXPECT_EQ(Stderr([&] { ErrorOf([&] { ShardReader(store.path() + "/none.h5"); }); }), "");
}

TEST(ErrorStack, OfAWriterIsOurMessage) {
  const TemporaryDirectoryGuard store;
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto earlier = signal(SIGXFSZ, SIG_IGN);
  for (const rlim_t bytes : {rlim_t{0}, rlim_t{4096}, rlim_t{65536}}) {
    std::optional<Error> error;
    const std::string printed = Stderr([&] {
      const rlimit limit{bytes, before.rlim_max};
      setrlimit(RLIMIT_FSIZE, &limit);
      error = ErrorOf([&] { WriteRuns(store.path(), 0); });
      setrlimit(RLIMIT_FSIZE, &before);
    });
    ASSERT_TRUE(error.has_value()) << bytes;
    EXPECT_EQ(error->fault(), Fault::kSystem);
    EXPECT_FALSE(error->remedy().empty()) << error->what();
    EXPECT_EQ(printed, "");
  }
  signal(SIGXFSZ, earlier);
  EXPECT_TRUE(ListShards(store.path()).empty());
}

}  // namespace
}  // namespace crease::store
