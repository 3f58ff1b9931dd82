// Whatever byte of whatever shard changes, `crease verify` finds it, and nothing crashes or hangs.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "lib/store/files.h"
#include "lib/store/hdf5_source.h"
#include "lib/store/layout.h"
#include "lib/store/pack.h"
#include "lib/store/reader.h"
#include "lib/store/verify.h"
#include "lib/store/writer.h"
#include "tests/store/fixture.h"

// HDF5 leaks what it has read of a file that it then cannot open.
// NOLINTNEXTLINE(bugprone-reserved-identifier)
extern "C" const char* __lsan_default_suppressions() { return "leak:libhdf5"; }

namespace crease::store {
namespace {

namespace fs = std::filesystem;
using testing::MakeDataset;
using testing::MakeRecord;
using testing::SampleOptions;
using testing::TemporaryDirectoryGuard;

struct Counts {
  int damaged = 0;       // files changed
  int found = 0;         // findings of any kind
  int by_data = 0;       // of those, a data set is named, or the file cannot be opened
  int by_digest = 0;     // of those, the digest of all bytes differs
  int digest_alone = 0;  // found by the digest, by nothing else
};

void Print(const char* what, const Counts& counts) {
  std::printf(
      "%-20s %5d damaged, %5d found: by the digest %d (by it alone %d), by data sets, "
      "structure or HDF5 %d\n",
      what, counts.damaged, counts.found, counts.by_digest, counts.digest_alone, counts.by_data);
}

class Fuzz : public ::testing::Test {
 protected:
  void AddShard(const SampleOptions& options, std::uint64_t runs, std::size_t points = 40) {
    const std::string store = store_.path() + "/" + std::to_string(shards_.size());
    Writer writer(store, {});
    for (std::uint64_t seed = 0; seed < runs; ++seed) {
      train::RunRecord record = MakeRecord(seed, options);
      testing::AddBursts(seed, record);
      writer.Append(std::move(record), {}, MakeDataset(points));
    }
    writer.Seal();
    AddFile(ListShards(store).at(0));
  }

  void AddFile(const std::string& path) {
    paths_.push_back(path);
    shards_.push_back(ReadFile(path));
  }

  // Of all shapes so far.
  void AddPackedFile() {
    const std::string store = store_.path() + "/all", packed = store_.path() + "/packed.h5";
    CreateStore(store);
    for (const std::string& path : paths_) {
      fs::copy(path, ShardsDirectory(store) + "/" + fs::path(path).filename().string());
    }
    Pack(store, packed);
    AddFile(packed);
  }

  Fuzz() {
    AddShard({.steps = 500}, 3);
    AddShard({.steps = 5000}, 2);
    AddShard({.steps = 300, .width = 8, .depth = 1}, 40);
    AddShard({.steps = 120, .width = 2, .depth = 6}, 1, 600);
    AddPackedFile();
  }

  void Check(const std::string& bytes, const std::string& what, Counts& counts) {
    const std::string path = store_.path() + "/changed.h5";
    AtomicWriteFile(path, bytes, store_.path(), false);
    const FileReport report = VerifyFile(path);
    EXPECT_FALSE(report.findings.empty()) << what;
    EXPECT_EQ(report.path, path);
    ++counts.damaged;
    counts.found += report.findings.empty() ? 0 : 1;
    counts.by_digest += report.digest_differs ? 1 : 0;
    const bool alone = report.digest_differs && report.findings.size() == 1 &&
                       report.findings[0].what.find("outside of all values") != std::string::npos;
    counts.digest_alone += alone ? 1 : 0;
    counts.by_data += !report.findings.empty() && !alone ? 1 : 0;
  }

  std::string& Any() {
    shard_ = random_() % shards_.size();
    return shards_[shard_];
  }

  const TemporaryDirectoryGuard store_;
  std::vector<std::string> paths_, shards_;
  std::size_t shard_ = 0;
  std::mt19937_64 random_{20261123};
};

TEST_F(Fuzz, EveryChangedByteIsFound) {
  Counts anywhere, metadata;
  for (int i = 0; i < 2000; ++i) {
    std::string bytes = Any();
    const std::size_t at = random_() % bytes.size();
    bytes[at] = static_cast<char>(bytes[at] ^ (1 + random_() % 255));
    Check(bytes, "shard " + std::to_string(shard_) + ", byte " + std::to_string(at), anywhere);
  }
  Print("bytes anywhere", anywhere);
  // Most bytes are values; this finds those that HDF5 itself goes by.
  for (int i = 0; i < 1500; ++i) {
    std::string bytes = Any();
    const char* marks[] = {"TREE", "OHDR", "GCOL", "OCHK", "\x89HDF"};
    std::vector<std::size_t> places;
    const std::string mark = marks[random_() % std::size(marks)];
    for (std::size_t at = bytes.find(mark); at != std::string::npos;
         at = bytes.find(mark, at + 1)) {
      places.push_back(at);
    }
    ASSERT_FALSE(places.empty()) << mark;
    const std::size_t at =
        std::min(places[random_() % places.size()] + random_() % 200, bytes.size() - 1);
    bytes[at] = static_cast<char>(bytes[at] ^ (1 + random_() % 255));
    Check(bytes, "shard " + std::to_string(shard_) + ", byte " + std::to_string(at), metadata);
  }
  Print("bytes of metadata", metadata);
}

TEST_F(Fuzz, EveryTruncationIsFound) {
  Counts cut, longer;
  for (int i = 0; i < 400; ++i) {
    const std::string& bytes = Any();
    const std::size_t size =
        i < 80 ? bytes.size() - 1 - static_cast<std::size_t>(i) : random_() % bytes.size();
    Check(bytes.substr(0, size), "cut to " + std::to_string(size), cut);
  }
  for (int i = 0; i < 100; ++i) {
    Check(Any() + std::string(1 + random_() % 5000, static_cast<char>(random_())), "longer",
          longer);
  }
  Print("cut short", cut);
  Print("made longer", longer);
}

TEST_F(Fuzz, EveryBlockOfZerosIsFound) {
  Counts counts;
  for (int i = 0; i < 300; ++i) {
    std::string bytes = Any();
    const std::size_t size = std::size_t{512} << (random_() % 5);
    const std::size_t at = random_() % (bytes.size() / 512) * 512;
    const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    const auto end = bytes.begin() + static_cast<std::ptrdiff_t>(std::min(at + size, bytes.size()));
    if (std::all_of(begin, end, [](char c) { return c == '\0'; })) continue;
    std::fill(begin, end, '\0');
    Check(bytes, "zeros at " + std::to_string(at), counts);
  }
  Print("blocks of zeros", counts);
}

// Blocks of a file in each other's place, as by a controller that writes to the wrong sector.
TEST_F(Fuzz, EverySwappedBlockIsFound) {
  Counts counts;
  for (int i = 0; i < 300; ++i) {
    std::string bytes = Any();
    const std::size_t a = random_() % (bytes.size() / 512) * 512;
    const std::size_t b = random_() % (bytes.size() / 512) * 512;
    const auto at = [&](std::size_t place) {
      return bytes.begin() + static_cast<std::ptrdiff_t>(place);
    };
    if (a == b || std::equal(at(a), at(a + 512), at(b))) continue;
    std::swap_ranges(at(a), at(a + 512), at(b));
    Check(bytes, "swapped " + std::to_string(a) + " and " + std::to_string(b), counts);
  }
  Print("blocks swapped", counts);
}

// Chunks whose own checksums stay right.
TEST_F(Fuzz, EverySwappedChunkIsFound) {
  Counts counts;
  for (std::size_t shard = 0; shard < shards_.size(); ++shard) {
    const Hdf5Source source(paths_[shard]);
    for (const std::string& path : source.Datasets()) {
      const auto dataset = source.Find(path);
      if (!dataset->layout || dataset->layout->count() < 2) continue;
      const ChunkPlace a = source.Locate(*dataset, dataset->layout->At(0));
      for (std::size_t i = 1; i < dataset->layout->count(); ++i) {
        const ChunkPlace b = source.Locate(*dataset, dataset->layout->At(i));
        std::string bytes = shards_[shard];
        if (a.bytes != b.bytes ||
            bytes.substr(a.address, a.bytes) == bytes.substr(b.address, b.bytes)) {
          continue;
        }
        std::swap_ranges(bytes.begin() + static_cast<std::ptrdiff_t>(a.address),
                         bytes.begin() + static_cast<std::ptrdiff_t>(a.address + a.bytes),
                         bytes.begin() + static_cast<std::ptrdiff_t>(b.address));
        Check(bytes, "swapped chunks of " + path, counts);
      }
    }
  }
  Print("chunks swapped", counts);
  EXPECT_GT(counts.damaged, 0);
}

}  // namespace
}  // namespace crease::store
