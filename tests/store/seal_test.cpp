// The line at the end of a shard, the format's version, and what depends on them.
#include <array>
#include <cstdint>
#include <fcntl.h>
#include <filesystem>
#include <optional>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>
#include <hdf5.h>

#include "lib/core/error.h"
#include "lib/core/hash.h"
#include "lib/store/file_seal.h"
#include "lib/store/files.h"
#include "lib/store/format.h"
#include "lib/store/reader.h"
#include "lib/store/writer.h"
#include "tests/store/fixture.h"

namespace crease::store {
namespace {

namespace fs = std::filesystem;
using testing::MakeDataset;
using testing::MakeRecord;
using testing::TemporaryDirectoryGuard;

class Seal : public ::testing::Test {
 protected:
  Seal() {
    Writer writer(store_.path(), {});
    for (std::uint64_t seed = 0; seed < 3; ++seed) {
      writer.Append(MakeRecord(seed), {}, MakeDataset());
    }
    writer.Seal();
    path_ = ListShards(store_.path()).at(0);
    bytes_ = ReadFile(path_);
  }

  void Replace(const std::string& bytes) const {
    AtomicWriteFile(path_, bytes, store_.path(), false);
  }

  // HDF5 cuts what stands after its end, as every program does that opens the file to write.
  void SetVersion(int major, int minor) const {
    const std::array<std::int32_t, 2> version{major, minor};
    const hid_t file = H5Fopen(path_.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
    ASSERT_GE(file, 0);
    const hid_t attribute = H5Aopen(file, "format_version", H5P_DEFAULT);
    EXPECT_GE(H5Awrite(attribute, H5T_NATIVE_INT32, version.data()), 0);
    H5Aclose(attribute);
    H5Fclose(file);
  }

  void SealAgain() const {
    const int descriptor = open(path_.c_str(), O_RDWR | O_CLOEXEC);
    AppendSeal(descriptor, path_, fs::file_size(path_));
    close(descriptor);
  }

  std::optional<Error> Opening() const {
    try {
      const ShardReader reader(path_);
      return std::nullopt;
    } catch (const Error& error) {
      return error;
    }
  }

  void ExpectDamaged(const std::string& what) const {
    const auto error = Opening();
    ASSERT_TRUE(error.has_value()) << what;
    EXPECT_EQ(error->fault(), Fault::kDamaged);
    EXPECT_EQ(error->place(), path_);
    EXPECT_NE(std::string(error->what()).find(what), std::string::npos) << error->what();
    EXPECT_FALSE(error->remedy().empty());
  }

  const TemporaryDirectoryGuard store_;
  std::string path_, bytes_;
};

TEST_F(Seal, IsALineAtTheEndOfTheFile) {
  const std::string body = bytes_.substr(0, bytes_.size() - kSealBytes);
  const std::string line = bytes_.substr(body.size());
  EXPECT_EQ(line.substr(0, line.find(' ')), kSealWord);
  EXPECT_EQ(line.substr(sizeof kSealWord, 32), HexDigestOf(body));
  EXPECT_EQ(std::stoull(line.substr(line.rfind(' '))), body.size());
  EXPECT_EQ(line.back(), '\n');
  EXPECT_NO_THROW(ShardReader(path_).Verify());
}

TEST_F(Seal, IsMissingWhereTheFileWasCut) {
  for (const std::size_t cut : {std::size_t{1}, kSealBytes - 1, kSealBytes}) {
    Replace(bytes_.substr(0, bytes_.size() - cut));
    ExpectDamaged("does not end in its seal");
  }
}

TEST_F(Seal, DoesNotFitALongerOrShorterFile) {
  const std::string seal = bytes_.substr(bytes_.size() - kSealBytes);
  Replace(bytes_ + seal);
  ExpectDamaged("does not end in its seal");
  Replace(bytes_.substr(0, bytes_.size() - kSealBytes) + "x" + seal);
  ExpectDamaged("does not end in its seal");
}

// The space that HDF5 leaves unused has no checksum of its own.
TEST_F(Seal, CoversBytesThatHdf5NeverReads) {
  const std::string body = bytes_.substr(0, bytes_.size() - kSealBytes);
  Replace(body + "nobody reads this");
  SealAgain();
  EXPECT_NO_THROW(ShardReader(path_).Verify());
  std::string bytes = ReadFile(path_);
  bytes[body.size() + 3] = 'X';
  Replace(bytes);
  EXPECT_FALSE(Opening().has_value());
  EXPECT_THROW(ShardReader(path_).Verify(), Error);
}

TEST_F(Seal, IsNotAskedOfVersionZero) {
  SetVersion(1, 0);
  EXPECT_FALSE(Opening().has_value());
  EXPECT_NO_THROW(ShardReader(path_).Verify());
  SetVersion(1, 1);
  ExpectDamaged("does not end in its seal");
}

TEST_F(Seal, NewerMinorVersionsAreRead) {
  SetVersion(kFormatMajor, kFormatMinor + 7);
  SealAgain();
  EXPECT_FALSE(Opening().has_value());
  EXPECT_EQ(ShardReader(path_).Runs().size(), 3U);
}

TEST_F(Seal, NewerMajorVersionsAreRefused) {
  SetVersion(kFormatMajor + 1, 0);
  ExpectDamaged("has format version 2.0; this program reads 1");
  ExpectDamaged("use a newer version of Crease");
}

TEST_F(Seal, RemedyNamesTheStore) {
  Replace("");
  ExpectDamaged("crease verify " + store_.path() + " --repair");
}

}  // namespace
}  // namespace crease::store
