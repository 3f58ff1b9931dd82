// The catalogue follows the shards, whatever happens to either.
#include "lib/store/catalog.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "lib/core/error.h"
#include "lib/store/columns.h"
#include "lib/store/files.h"
#include "lib/store/layout.h"
#include "lib/store/reader.h"
#include "lib/store/writer.h"
#include "tests/store/fixture.h"

namespace crease::store {
namespace {

namespace fs = std::filesystem;
using testing::MakeDataset;
using testing::MakeRecord;
using testing::SampleOptions;
using testing::TemporaryDirectoryGuard;

void WriteRuns(const std::string& store, std::uint64_t first, std::uint64_t last,
               const SampleOptions& options = {}) {
  Writer writer(store, {.sweep_name = "sample", .runs_per_shard = 4});
  for (std::uint64_t seed = first; seed < last; ++seed) {
    writer.Append(MakeRecord(seed, options), options.record, MakeDataset());
  }
  writer.Seal();
}

// The first column of the first row, as text.
std::string Ask(const Catalog& catalog, const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  EXPECT_EQ(sqlite3_prepare_v2(catalog.connection(), sql.c_str(), -1, &statement, nullptr),
            SQLITE_OK)
      << sqlite3_errmsg(catalog.connection());
  std::string text = "no row";
  if (sqlite3_step(statement) == SQLITE_ROW) {
    const unsigned char* value = sqlite3_column_text(statement, 0);
    text = value == nullptr ? "NULL" : reinterpret_cast<const char*>(value);
  }
  sqlite3_finalize(statement);
  return text;
}

TEST(Catalog, HasARowForEveryRunAndTransition) {
  const TemporaryDirectoryGuard store;
  WriteRuns(store.path(), 0, 10);
  const Catalog catalog(store.path());
  EXPECT_EQ(catalog.RunIds().size(), 10U);
  EXPECT_EQ(Ask(catalog, "SELECT count(*) FROM transitions"), "9");
  EXPECT_EQ(Ask(catalog, "SELECT count(*) FROM runs WHERE norm = 'unit' AND sweep = 'sample'"),
            "10");
  EXPECT_EQ(Ask(catalog, "SELECT seed FROM runs WHERE outcome = 'diverged'"), "6");
  EXPECT_EQ(Ask(catalog,
                "SELECT group_concat(seed) FROM (SELECT seed FROM runs WHERE lr = 0.02"
                " ORDER BY seed)"),
            "1,3,5,7,9");
  EXPECT_EQ(Ask(catalog, "SELECT final_test_loss FROM runs"), "NULL");
  EXPECT_EQ(Ask(catalog, "SELECT transition_count FROM runs WHERE seed = 5"), "2");
  EXPECT_EQ(Ask(catalog,
                "SELECT onset_step FROM transitions JOIN runs USING (run_id)"
                " WHERE seed = 5 AND number = 1"),
            "105.0");
  EXPECT_EQ(Ask(catalog, "SELECT json_extract(config, '$.model.width') FROM runs"), "3");
}

// What the seeds of a cell share is kept once; the view puts it together again.
TEST(Catalog, HasEveryRunsConfigurationAndSeedAsItsShardHas) {
  const TemporaryDirectoryGuard store;
  WriteRuns(store.path(), 0, 10);
  WriteRuns(store.path(), 10, 14, {.width = 5});
  const Catalog catalog(store.path());
  std::size_t runs = 0;
  for (const std::string& path : ListShards(store.path())) {
    for (const StoredRun& run : ShardReader(path).Runs()) {
      const std::string where = " FROM runs WHERE run_id = '" + run.run_id + "'";
      EXPECT_EQ(Ask(catalog, "SELECT config" + where), run.config_json);
      EXPECT_EQ(Ask(catalog, "SELECT seed = json_extract(config, '$.seed')" + where), "1");
      EXPECT_EQ(Ask(catalog, "SELECT width = json_extract(config, '$.model.width')" + where), "1");
      EXPECT_EQ(Ask(catalog, "SELECT record" + where), run.record_json);
      ++runs;
    }
  }
  EXPECT_EQ(runs, 14U);
  // The samples' learning rates make two cells of a width.
  EXPECT_EQ(Ask(catalog, "SELECT count(*) FROM cells"), "4");
}

TEST(Catalog, HasAColumnForEveryKeyAndEveryFieldOfATransition) {
  const TemporaryDirectoryGuard store;
  WriteRuns(store.path(), 0, 1);
  const Catalog catalog(store.path());
  for (const train::ConfigKey& key : train::ConfigKeys()) {
    EXPECT_NE(Ask(catalog, "SELECT \"" + CoordinateName(key) + "\" FROM runs"), "NULL") << key.name;
  }
  for (const TransitionColumn& column : TransitionColumns()) {
    Ask(catalog, "SELECT \"" + std::string(column.name) + "\" FROM transitions");
  }
  EXPECT_EQ(Ask(catalog, "SELECT loss_function FROM runs"), "cross_entropy");
}

TEST(Catalog, FollowsShardsThatComeAndGo) {
  const TemporaryDirectoryGuard store;
  WriteRuns(store.path(), 0, 8);
  EXPECT_EQ(Catalog(store.path()).RunIds().size(), 8U);
  WriteRuns(store.path(), 8, 16);
  EXPECT_EQ(Catalog(store.path()).RunIds().size(), 16U);
  const std::string gone = ListShards(store.path()).at(1);
  const std::vector<StoredRun> runs = ShardReader(gone).Runs();
  fs::remove(gone);
  const std::set<std::string> left = Catalog(store.path()).RunIds();
  EXPECT_EQ(left.size(), 12U);
  for (const StoredRun& run : runs) EXPECT_EQ(left.count(run.run_id), 0U);
}

TEST(Catalog, OfCopiesTheNewestCountsAndTheOtherTakesOver) {
  const TemporaryDirectoryGuard store;
  WriteRuns(store.path(), 0, 4);
  const std::string sparse = ListShards(store.path()).at(0);
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  SampleOptions denser;
  denser.record.weights = train::StepSchedule::Every(1);
  WriteRuns(store.path(), 0, 4, denser);
  std::string dense;
  for (const std::string& path : ListShards(store.path())) {
    if (path != sparse) dense = path;
  }
  const std::string shard = "SELECT DISTINCT shard FROM runs";
  const std::string transitions = "SELECT count(*) FROM transitions";
  {
    const Catalog catalog(store.path());
    EXPECT_EQ(catalog.RunIds().size(), 4U);
    EXPECT_EQ(Ask(catalog, shard), fs::path(dense).filename());
    EXPECT_EQ(Ask(catalog, transitions), "3");
  }
  fs::remove(dense);
  const Catalog catalog(store.path());
  EXPECT_EQ(catalog.RunIds().size(), 4U);
  EXPECT_EQ(Ask(catalog, shard), fs::path(sparse).filename());
  EXPECT_EQ(Ask(catalog, transitions), "3");
}

TEST(Catalog, ADamagedOrForeignFileIsMadeAgain) {
  const TemporaryDirectoryGuard store;
  WriteRuns(store.path(), 0, 8);
  { const Catalog catalog(store.path()); }
  const std::string good = ReadFile(CatalogPath(store.path()));
  std::string holed = good;
  std::fill(holed.begin() + 4096, holed.begin() + 12'288, '\x5a');
  for (const std::string& text : {std::string("no database at all, but long enough to be read"),
                                  std::string(), good.substr(0, good.size() / 2), holed}) {
    { std::ofstream(CatalogPath(store.path()), std::ios::binary) << text; }
    const Catalog catalog(store.path());
    EXPECT_EQ(catalog.RunIds().size(), 8U);
    EXPECT_EQ(Ask(catalog, "SELECT count(*) FROM transitions"), "7");
  }
}

TEST(Catalog, TablesOfAnotherVersionAreMadeAgain) {
  const TemporaryDirectoryGuard store;
  WriteRuns(store.path(), 0, 4);
  sqlite3* connection = nullptr;
  ASSERT_EQ(sqlite3_open(CatalogPath(store.path()).c_str(), &connection), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(connection, "CREATE TABLE runs (run_id TEXT); PRAGMA user_version = 1",
                         nullptr, nullptr, nullptr),
            SQLITE_OK);
  sqlite3_close(connection);
  EXPECT_EQ(Catalog(store.path()).RunIds().size(), 4U);
}

TEST(Catalog, DamagedShardsAreNamedOrSkipped) {
  const TemporaryDirectoryGuard store;
  WriteRuns(store.path(), 0, 8);
  const std::string path = ListShards(store.path()).at(0);
  const std::string bytes = ReadFile(path);
  { std::ofstream(path, std::ios::binary) << bytes.substr(0, bytes.size() / 2); }
  try {
    const Catalog catalog(store.path());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::kDamaged);
    EXPECT_NE(error.place().find(path), std::string::npos);
    EXPECT_FALSE(error.remedy().empty());
  }
  {
    const Catalog tolerant(store.path(), Catalog::OnDamage::kSkip);
    EXPECT_EQ(tolerant.RunIds().size(), 4U);
    ASSERT_EQ(tolerant.damaged().size(), 1U);
    EXPECT_NE(tolerant.damaged()[0].find(path), std::string::npos);
  }
  { std::ofstream(path, std::ios::binary) << bytes; }
  EXPECT_EQ(Catalog(store.path()).RunIds().size(), 8U);
}

// A shard is never taken for the runs of a damaged one of the same name.
TEST(Catalog, RunsOfADamagedShardCanBeTrainedAgain) {
  const TemporaryDirectoryGuard store;
  WriteRuns(store.path(), 0, 4);
  const std::string path = ListShards(store.path()).at(0);
  const std::string bytes = ReadFile(path);
  { std::ofstream(path, std::ios::binary) << bytes.substr(0, bytes.size() / 2); }
  WriteRuns(store.path(), 0, 4);
  const Catalog tolerant(store.path(), Catalog::OnDamage::kSkip);
  EXPECT_EQ(tolerant.RunIds().size(), 4U);
  EXPECT_EQ(tolerant.damaged().size(), 1U);
}

TEST(Catalog, KnowsTheSweeps) {
  const TemporaryDirectoryGuard store;
  CreateStore(store.path());
  const std::string text = "[sweep]\nname = \"spiral\"\nquestion = \"Does it \\\"fold\\\"?\"\n";
  SaveSweepFile(store.path(), "spiral", text, {"train.steps=500", "model.width=3"});
  const Catalog catalog(store.path());
  EXPECT_EQ(Ask(catalog, "SELECT question FROM sweeps"), "Does it \"fold\"?");
  EXPECT_EQ(Ask(catalog, "SELECT text FROM sweeps"), text);
  EXPECT_EQ(Ask(catalog, "SELECT overrides FROM sweeps"), "train.steps=500\nmodel.width=3\n");
  SaveSweepFile(store.path(), "spiral", "not toml", {});
  const Catalog later(store.path());
  EXPECT_EQ(Ask(later, "SELECT text FROM sweeps"), "not toml");
  EXPECT_EQ(Ask(later, "SELECT question || overrides FROM sweeps"), "");
}

TEST(Catalog, ManyProcessesMayOpenItAtOnce) {
  const TemporaryDirectoryGuard store;
  std::vector<std::thread> threads;
  WriteRuns(store.path(), 0, 4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&store, t] {
      for (std::uint64_t round = 0; round < 3; ++round) {
        const std::uint64_t first = 100 * static_cast<std::uint64_t>(t + 1) + 4 * round;
        WriteRuns(store.path(), first, first + 4);
        EXPECT_GE(Catalog(store.path()).RunIds().size(), 8U);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Catalog(store.path()).RunIds().size(), 52U);
}

TEST(Catalog, RefusesToBeWritten) {
  const TemporaryDirectoryGuard store;
  WriteRuns(store.path(), 0, 1);
  const Catalog catalog(store.path());
  EXPECT_EQ(sqlite3_exec(catalog.connection(), "DELETE FROM run_rows", nullptr, nullptr, nullptr),
            SQLITE_READONLY);
}

TEST(Catalog, OfNoStoreIsTheUsersMistake) {
  const TemporaryDirectoryGuard directory;
  try {
    const Catalog catalog(directory.path());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::kInput);
  }
  EXPECT_FALSE(fs::exists(CatalogPath(directory.path())));
}

}  // namespace
}  // namespace crease::store
