#include "lib/data/bytes.h"

#include <sys/stat.h>
#include <unistd.h>

#include <rapidcheck.h>

#include "tests/data/fixture.h"

namespace crease::data {
namespace {

using BytesTest = DataTest;

std::string SomeText(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; text.size() < size; ++i) text += std::to_string(i * i) + ",";
  text.resize(size);
  return text;
}

TEST_F(BytesTest, ReadsWhatWasWritten) {
  for (const std::size_t size : {1u, 2u, 17u, 100000u}) {
    EXPECT_EQ(ReadFile(Write("a", SomeText(size))), SomeText(size));
  }
}

TEST_F(BytesTest, DecompressesByContentNotByName) {
  EXPECT_EQ(ReadFileDecompressed(Write("a", SomeText(5000))), SomeText(5000));
  EXPECT_EQ(ReadFileDecompressed(Write("b", Gzip(SomeText(5000)))), SomeText(5000));
  EXPECT_EQ(ReadFileDecompressed(Write("c.gz", SomeText(50))), SomeText(50));
}

TEST_F(BytesTest, MembersOfGzipFollowEachOther) {
  const std::string big = SomeText(300000);
  EXPECT_EQ(ReadFileDecompressed(Write("a", Gzip(big) + Gzip("x") + Gzip("yz"))), big + "xyz");
  EXPECT_EQ(ReadFileDecompressed(Write("b", Gzip("x") + Gzip(big))), "x" + big);
}

TEST_F(BytesTest, DecompressesLongRuns) {
  const std::string zeros(10'000'000, '\0');
  EXPECT_EQ(ReadFileDecompressed(Write("a", Gzip(zeros))), zeros);
}

TEST_F(BytesTest, EveryTruncationOfGzipIsFound) {
  const std::string whole = Gzip(SomeText(400));
  for (std::size_t size = 2; size < whole.size(); ++size) {
    const std::string path = Write("a.gz", whole.substr(0, size));
    ExpectError([&] { ReadFileDecompressed(path); },
                {Fault::kInput, path, "truncated or damaged", "gzip -t"});
  }
}

TEST_F(BytesTest, EveryFlippedByteOfGzipIsFoundOrHarmless) {
  const std::string text = SomeText(400), whole = Gzip(text);
  for (std::size_t i = 2; i < whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x55);
    const std::string path = Write("a.gz", damaged);
    try {
      EXPECT_EQ(ReadFileDecompressed(path), text) << i;  // bytes of the header may be free
    } catch (const Error& error) {
      EXPECT_EQ(error.fault(), Fault::kInput);
      EXPECT_EQ(error.place(), path);
    }
  }
}

TEST_F(BytesTest, ALengthThatLiesAllocatesLittle) {
  std::string lying = Gzip("small");
  for (std::size_t i = 1; i <= 4; ++i) lying[lying.size() - i] = '\xff';
  const std::string path = Write("a.gz", lying);
  ExpectError([&] { ReadFileDecompressed(path); },
              {Fault::kInput, path, "truncated or damaged", "gzip -t"});
}

TEST_F(BytesTest, FaultsOfTheFileSystem) {
  const auto read = [](const std::string& path) { return [path] { ReadFile(path); }; };
  ExpectError(read(Path("none")),
              {Fault::kInput, Path("none"), "there is no such file", "check the path"});
  const std::string file = Write("file", "x");
  ExpectError(read(file + "/below"),
              {Fault::kInput, file + "/below", "there is no such file", "check the path"});
  Write("dir/file", "x");
  ExpectError(read(Path("dir")), {Fault::kInput, Path("dir"), "is a directory", "name a file"});
  ExpectError(read(Write("empty", "")), {Fault::kInput, Path("empty"), "is empty", "holds data"});
  ASSERT_EQ(::mkfifo(Path("pipe").c_str(), 0600), 0);
  ExpectError(read(Path("pipe")), {Fault::kInput, Path("pipe"), "no regular file", "into a file"});
  ExpectError(read("/dev/zero"), {Fault::kInput, "/dev/zero", "no regular file", "into a file"});
  const std::string sparse = Write("sparse", "x");
  std::filesystem::resize_file(sparse, std::uintmax_t{1} << 40);
  ExpectError(read(sparse), {Fault::kInput, sparse, "too many to hold", "at most"});
}

TEST_F(BytesTest, UnreadableIsTheSystemsFault) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  const std::string path = Write("secret", "x");
  ::chmod(path.c_str(), 0);
  ExpectError([&] { ReadFile(path); },
              {Fault::kSystem, path, "Permission denied", "check the permissions"});
}

TEST_F(BytesTest, HashesLengthAndContent) {
  const auto digest = [](const std::string& path) {
    Hasher hasher;
    HashFile(path, hasher);
    return hasher.HexDigest();
  };
  const std::string text = SomeText(3'000'000);
  const std::string same = digest(Write("a", text));
  EXPECT_EQ(digest(Write("b", text)), same);
  EXPECT_NE(digest(Write("c", text.substr(1) + "x")), same);
  EXPECT_NE(digest(Write("d", text + "x")), same);
}

}  // namespace
}  // namespace crease::data
