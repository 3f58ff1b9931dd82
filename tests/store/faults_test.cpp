// Full disks, directories that refuse, and processes that are killed.
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <signal.h>
#include <string>
#include <sys/mount.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include "lib/core/error.h"
#include "lib/store/catalog.h"
#include "lib/store/files.h"
#include "lib/store/layout.h"
#include "lib/store/reader.h"
#include "lib/store/writer.h"
#include "tests/store/fixture.h"

namespace crease::store {
namespace {

namespace fs = std::filesystem;
using testing::CheckStore;
using testing::FilesIn;
using testing::MakeDataset;
using testing::MakeRecord;
using testing::SampleOptions;
using testing::TemporaryDirectoryGuard;

// A file system of its own, of a few MiB, on a directory.
class SmallDisk {
 public:
  explicit SmallDisk(const char* options = "size=4m") {
    mounted_ = mount("tmpfs", directory_.path().c_str(), "tmpfs", 0, options) == 0;
    if (!mounted_) reason_ = std::strerror(errno);
  }
  ~SmallDisk() {
    if (mounted_) umount2(directory_.path().c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }
  const std::string& reason() const { return reason_; }
  std::string path() const { return directory_.path() + "/store"; }
  void MakeReadOnly() const {
    ASSERT_EQ(mount(nullptr, directory_.path().c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr),
              0);
  }
  void Fill(std::uint64_t leave_bytes) const {
    const std::uint64_t free = fs::space(directory_.path()).available;
    ASSERT_GT(free, leave_bytes);
    std::ofstream(directory_.path() + "/ballast") << std::string(free - leave_bytes, 'x');
  }

 private:
  const TemporaryDirectoryGuard directory_;
  bool mounted_ = false;
  std::string reason_;
};

#define CREASE_NEEDS(disk) \
  if (!(disk).mounted())   \
  GTEST_SKIP() << "needs to mount a tmpfs, which takes root or CAP_SYS_ADMIN: " << (disk).reason()

std::optional<Error> WriteUntilItFails(const std::string& store, const SampleOptions& options,
                                       std::uint64_t runs) {
  Writer writer(store, {.runs_per_shard = 3});
  try {
    for (std::uint64_t seed = 0; seed < runs; ++seed) {
      writer.Append(MakeRecord(seed, options), {}, MakeDataset());
    }
    writer.Seal();
  } catch (const Error& error) {
    // Whoever asks again hears it again.
    EXPECT_THROW(writer.Append(MakeRecord(0, options), {}, MakeDataset()), Error);
    EXPECT_THROW(writer.Seal(), Error);
    return error;
  }
  return std::nullopt;
}

TEST(FullDisk, EndsWithAnErrorAndKeepsWhatIsSealed) {
  const SmallDisk disk;
  CREASE_NEEDS(disk);
  const SampleOptions options{.steps = 20'000};
  const auto error = WriteUntilItFails(disk.path(), options, 100);
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->fault(), Fault::kSystem);
  EXPECT_NE(std::string(error->what()).find("No space left"), std::string::npos) << error->what();
  EXPECT_FALSE(error->remedy().empty());
  EXPECT_TRUE(FilesIn(TemporaryDirectory(disk.path())).empty());
  EXPECT_GT(CheckStore(disk.path(), options), 0);
}

// Little space left, a little more every time: the failure comes at every stage of a shard.
TEST(FullDisk, AtWhateverMomentItHappens) {
  int failed = 0, succeeded = 0;
  for (std::uint64_t leave = 0; leave < 40; ++leave) {
    const SmallDisk disk("size=2m");
    CREASE_NEEDS(disk);
    CreateStore(disk.path());
    disk.Fill(leave * 4096 * (leave < 20 ? 1 : 4));
    const auto error = WriteUntilItFails(disk.path(), {}, 3);
    if (error) {
      EXPECT_EQ(error->fault(), Fault::kSystem) << error->what();
      EXPECT_TRUE(ListShards(disk.path()).empty());
      ++failed;
    } else {
      EXPECT_EQ(CheckStore(disk.path()), 3);
      ++succeeded;
    }
    EXPECT_TRUE(FilesIn(TemporaryDirectory(disk.path())).empty());
  }
  EXPECT_GT(failed, 5);
  EXPECT_GT(succeeded, 5);
}

TEST(FullDisk, SmallFilesKeepTheirOldText) {
  const SmallDisk disk;
  CREASE_NEEDS(disk);
  CreateStore(disk.path());
  SaveSweepFile(disk.path(), "spiral", "old", {});
  disk.Fill(0);
  EXPECT_THROW(SaveSweepFile(disk.path(), "spiral", std::string(100'000, 'n'), {}), Error);
  EXPECT_EQ(ReadFile(SweepsDirectory(disk.path()) + "/spiral.toml"), "old");
  EXPECT_TRUE(FilesIn(TemporaryDirectory(disk.path())).empty());
}

TEST(FullDisk, TheCatalogueIsMadeInMemory) {
  const SmallDisk disk;
  CREASE_NEEDS(disk);
  ASSERT_FALSE(WriteUntilItFails(disk.path(), {}, 6).has_value());
  disk.Fill(0);
  EXPECT_EQ(Catalog(disk.path()).RunIds().size(), 6U);
}

TEST(ReadOnlyStore, CanBeReadButNotWritten) {
  const SmallDisk disk;
  CREASE_NEEDS(disk);
  ASSERT_FALSE(WriteUntilItFails(disk.path(), {}, 6).has_value());
  disk.MakeReadOnly();
  EXPECT_EQ(CheckStore(disk.path()), 6);
  EXPECT_EQ(Catalog(disk.path()).RunIds().size(), 6U);
  EXPECT_FALSE(fs::exists(CatalogPath(disk.path())));
  const auto error = WriteUntilItFails(disk.path(), {}, 1);
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->fault(), Fault::kSystem);
}

TEST(ReadOnlyStore, NoStoreCanBeMadeThere) {
  const SmallDisk disk;
  CREASE_NEEDS(disk);
  disk.MakeReadOnly();
  try {
    const Writer writer(disk.path(), {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::kSystem);
    EXPECT_EQ(error.place(), disk.path());
  }
}

// A child writes until it is killed, at another moment every time.
pid_t StartWriting(const std::string& store, std::uint64_t first) {
  const pid_t child = fork();
  if (child != 0) return child;
  Writer writer(store, {.runs_per_shard = 2});
  for (std::uint64_t seed = first; seed < first + 1'000'000; ++seed) {
    writer.Append(MakeRecord(seed % 1000), {}, MakeDataset());
  }
  _exit(0);
}

TEST(KilledWriter, LeavesSealedShardsOnly) {
  const TemporaryDirectoryGuard store;
  CreateStore(store.path());
  int cut_short = 0;
  // At least twelve moments, and on until one of them hit a shard half-way.
  for (int round = 0; round < 12 || (cut_short == 0 && round < 60); ++round) {
    const pid_t child = StartWriting(store.path(), static_cast<std::uint64_t>(round) * 80);
    std::this_thread::sleep_for(std::chrono::milliseconds(20 + 13 * (round % 20)));
    ASSERT_EQ(kill(child, SIGKILL), 0);
    ASSERT_EQ(waitpid(child, nullptr, 0), child);
    for (const fs::path& path : FilesIn(ShardsDirectory(store.path()))) {
      EXPECT_EQ(path.extension(), ".h5");
    }
    cut_short += FilesIn(TemporaryDirectory(store.path())).empty() ? 0 : 1;
  }
  const std::int64_t sealed = CheckStore(store.path());
  EXPECT_GT(sealed, 0);
  EXPECT_GT(cut_short, 0) << "nothing was cut short";

  Writer writer(store.path(), {});
  EXPECT_TRUE(FilesIn(TemporaryDirectory(store.path())).empty());
  writer.Append(MakeRecord(5000), {}, MakeDataset());
  writer.Seal();
  EXPECT_EQ(CheckStore(store.path()), sealed + 1);
}

TEST(LivingWriter, KeepsItsTemporaryFiles) {
  const TemporaryDirectoryGuard store;
  Writer first(store.path(), {});
  first.Append(MakeRecord(1), {}, MakeDataset());
  while (FilesIn(TemporaryDirectory(store.path())).empty()) std::this_thread::yield();
  const Writer second(store.path(), {});
  EXPECT_EQ(FilesIn(TemporaryDirectory(store.path())).size(), 1U);
  first.Seal();
  EXPECT_EQ(CheckStore(store.path()), 1);
}

TEST(LivingWriter, LeavesOtherHostsFilesAlone) {
  const TemporaryDirectoryGuard store;
  CreateStore(store.path());
  const std::string other = TemporaryDirectory(store.path()) + "/elsewhere-12345-0.h5.part";
  std::ofstream(other) << "half a shard";
  const Writer writer(store.path(), {});
  EXPECT_TRUE(fs::exists(other));
}

}  // namespace
}  // namespace crease::store
