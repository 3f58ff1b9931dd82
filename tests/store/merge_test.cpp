// Stores that are copied together: the same run in several shards.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "lib/core/error.h"
#include "lib/core/hash.h"
#include "lib/store/catalog.h"
#include "lib/store/copies.h"
#include "lib/store/layout.h"
#include "lib/store/reader.h"
#include "lib/store/writer.h"
#include "tests/store/fixture.h"

namespace crease::store {
namespace {

namespace fs = std::filesystem;
using testing::MakeDataset;
using testing::MakeRecord;
using testing::TemporaryDirectoryGuard;

// `result`: what the runs gave; "" is what they ought to. Returns the shard's name.
std::string WriteRuns(const std::string& store, std::uint64_t first, std::uint64_t last,
                      const std::string& result = "", bool replaces = false) {
  std::vector<std::string> before;
  if (IsStore(store)) before = ListShards(store);
  // Shards are told apart by milliseconds.
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  Writer writer(store, {.replaces_runs = replaces});
  for (std::uint64_t seed = first; seed < last; ++seed) {
    train::RunRecord record = MakeRecord(seed);
    if (!result.empty()) record.digest = HexDigestOf(result + record.digest);
    writer.Append(std::move(record), {}, MakeDataset());
  }
  writer.Seal();
  for (const std::string& path : ListShards(store)) {
    if (std::find(before.begin(), before.end(), path) == before.end()) {
      return fs::path(path).filename().string();
    }
  }
  return "";
}

void CopyShards(const std::string& from, const std::string& to) {
  for (const std::string& path : ListShards(from)) {
    fs::copy(path, ShardsDirectory(to) + "/" + fs::path(path).filename().string(),
             fs::copy_options::skip_existing);
  }
}

std::optional<Error> Opening(const std::string& store) {
  try {
    const Catalog catalog(store);
    return std::nullopt;
  } catch (const Error& error) {
    return error;
  }
}

std::string DigestIn(const std::string& result, std::uint64_t seed) {
  return HexDigestOf(result + MakeRecord(seed).digest);
}

class Merge : public ::testing::Test {
 protected:
  // Error naming the run, both shards and both digests, however often and however it is opened.
  void ExpectConflict(std::uint64_t seed, const std::vector<std::string>& words) const {
    for (int i = 0; i < 3; ++i) {
      if (i == 2) fs::remove(CatalogPath(a_.path()));
      const auto error = Opening(a_.path());
      ASSERT_TRUE(error.has_value());
      EXPECT_EQ(error->fault(), Fault::kDamaged);
      EXPECT_EQ(error->place(), "run " + MakeRecord(seed).run_id);
      for (const std::string& word : words) {
        EXPECT_NE(std::string(error->what()).find(word), std::string::npos) << word << "\n"
                                                                            << error->what();
      }
    }
  }

  const TemporaryDirectoryGuard a_, b_;
};

TEST_F(Merge, EqualRunsCountOnce) {
  WriteRuns(a_.path(), 0, 5);
  WriteRuns(b_.path(), 3, 9);
  CopyShards(b_.path(), a_.path());
  EXPECT_EQ(ListShards(a_.path()).size(), 2U);
  EXPECT_EQ(Catalog(a_.path()).RunIds().size(), 9U);
}

TEST_F(Merge, DifferentResultsAreAnErrorThatNamesThem) {
  const std::string first = WriteRuns(a_.path(), 0, 3);
  const std::string second = WriteRuns(b_.path(), 2, 5, "other");
  CopyShards(b_.path(), a_.path());
  ExpectConflict(2, {first, second, MakeRecord(2).digest, DigestIn("other", 2),
                     "crease verify " + a_.path() + " --repair"});
  const Catalog catalog(a_.path(), Catalog::OnDamage::kSkip);
  EXPECT_EQ(catalog.damaged().size(), 1U);
  EXPECT_EQ(catalog.RunIds().size(), 5U);
}

TEST_F(Merge, IsFineAgainWhenOneOfThemIsGone) {
  WriteRuns(a_.path(), 0, 3);
  const std::string second = WriteRuns(a_.path(), 2, 5, "other");
  EXPECT_TRUE(Opening(a_.path()).has_value());
  fs::remove(ShardsDirectory(a_.path()) + "/" + second);
  EXPECT_FALSE(Opening(a_.path()).has_value());
  EXPECT_EQ(Catalog(a_.path()).RunIds().size(), 3U);
}

TEST_F(Merge, WhatIsMadeToReplaceOlderCopiesDoes) {
  WriteRuns(a_.path(), 0, 3);
  WriteRuns(a_.path(), 1, 3, "other", true);
  EXPECT_FALSE(Opening(a_.path()).has_value());
  WriteRuns(a_.path(), 2, 3, "third");
  ExpectConflict(2, {DigestIn("other", 2), DigestIn("third", 2)});
}

TEST_F(Merge, SaysHowManyDiffer) {
  WriteRuns(a_.path(), 0, 4);
  WriteRuns(a_.path(), 0, 4, "other");
  const auto error = Opening(a_.path());
  ASSERT_TRUE(error.has_value());
  EXPECT_NE(std::string(error->what()).find("3 more runs"), std::string::npos) << error->what();
}

// Whatever the order in which the catalogue meets them.
TEST(Copies, CountSinceTheLastReplacement) {
  const auto copy = [](const char* created, const char* digest, bool replaces = false) {
    RunCopy one;
    one.created_utc = created;
    one.digest = digest;
    one.replaces = replaces;
    return one;
  };
  const auto conflicting = [](std::vector<RunCopy> copies) {
    return ConflictingCopies(copies).size();
  };
  EXPECT_EQ(conflicting({copy("1", "a"), copy("2", "a")}), 0U);
  EXPECT_EQ(conflicting({copy("1", "a"), copy("2", "b")}), 1U);
  EXPECT_EQ(conflicting({copy("1", "a"), copy("2", "b"), copy("3", "a")}), 1U);
  EXPECT_EQ(conflicting({copy("2", "b", true), copy("1", "a")}), 0U);
  EXPECT_EQ(conflicting({copy("3", "b"), copy("2", "b", true), copy("1", "a")}), 0U);
  EXPECT_EQ(conflicting({copy("2", "b", true), copy("1", "a"), copy("3", "a")}), 1U);
  EXPECT_EQ(conflicting({copy("1", "a", true), copy("2", "b")}), 1U);
  EXPECT_EQ(conflicting({copy("1", "a"), copy("2", "c"), copy("3", "b", true)}), 0U);
}

}  // namespace
}  // namespace crease::store
