// SQL over a store: what is answered, and what is refused.
#include "analysis/query/query.h"

#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "lib/core/error.h"
#include "lib/store/catalog.h"
#include "lib/store/reader.h"
#include "lib/store/writer.h"
#include "tests/store/fixture.h"

namespace crease::query {
namespace {

using store::testing::MakeDataset;
using store::testing::MakeRecord;
using store::testing::TemporaryDirectoryGuard;

class Query : public ::testing::Test {
 protected:
  Query() {
    store::Writer writer(store_.path(), {.sweep_name = "sample"});
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      writer.Append(MakeRecord(seed), {}, MakeDataset());
    }
    writer.Seal();
  }

  Result Ask(const std::string& sql) const {
    return query::Run(store::Catalog(store_.path()), sql);
  }

  Error Refused(const std::string& sql) const {
    const store::Catalog catalog(store_.path());
    try {
      query::Run(catalog, sql);
    } catch (const Error& error) {
      EXPECT_EQ(error.fault(), Fault::kInput);
      EXPECT_NE(std::string(error.what()).find(sql), std::string::npos) << error.what();
      EXPECT_FALSE(error.remedy().empty());
      return error;
    }
    ADD_FAILURE() << "not refused: " << sql;
    return InputError("", "");
  }

  const TemporaryDirectoryGuard store_;
};

TEST_F(Query, GivesTypedValuesUnderTheirNames) {
  const Result result =
      Ask("SELECT seed, lr AS rate, norm, final_test_loss, x'00ff' FROM runs WHERE seed = 3");
  EXPECT_EQ(result.columns,
            (std::vector<std::string>{"seed", "rate", "norm", "final_test_loss", "x'00ff'"}));
  const std::vector<Cell> row{std::int64_t{3}, 0.02, std::string("unit"), std::monostate(),
                              std::string("00ff")};
  EXPECT_EQ(result.rows, std::vector<std::vector<Cell>>{row});
}

TEST_F(Query, AnswersWhatAResearcherAsks) {
  const Result cells =
      Ask("SELECT lr, count(*) AS runs, avg(transition_count > 0) AS share FROM runs"
          " GROUP BY lr ORDER BY lr");
  ASSERT_EQ(cells.rows.size(), 2U);
  EXPECT_EQ(cells.rows[0], (std::vector<Cell>{0.01, std::int64_t{5}, 0.6}));
  EXPECT_EQ(Ask("WITH big AS (SELECT * FROM transitions WHERE drop_nats > 1)"
                " SELECT count(*) FROM big JOIN runs USING (run_id);")
                .rows[0][0],
            Cell(std::int64_t{9}));
  EXPECT_EQ(Ask("SELECT json_extract(config, '$.train.steps') FROM runs LIMIT 1").rows[0][0],
            Cell(std::int64_t{500}));
  EXPECT_GE(Ask("SELECT name FROM pragma_table_list").rows.size(), 4U);
  EXPECT_EQ(Ask("SELECT name FROM pragma_table_info('runs') LIMIT 1").rows[0][0],
            Cell(std::string("run_id")));
}

TEST_F(Query, CountsIntrinsicTransitionsOfEachRun) {
  // In words: of each run with a verdict, those that the schedule does not explain.
  const std::string by_hand =
      "SELECT runs.run_id, sum(NOT transitions.schedule), sum(transitions.schedule) FROM runs LEFT "
      "JOIN transitions"
      " USING (run_id) WHERE no_verdict = '' GROUP BY runs.run_id ORDER BY runs.run_id";
  const Result expected = Ask(by_hand);
  const Result counts =
      Ask("SELECT run_id, nullif(transitions, 0), CASE WHEN transitions + schedule_tagged > 0 THEN"
          " schedule_tagged END FROM transition_counts WHERE transitions IS NOT NULL"
          " ORDER BY run_id");
  EXPECT_EQ(Ask("SELECT count(*), sum(transitions IS NULL) FROM transition_counts").rows[0],
            (std::vector<Cell>{std::int64_t{10}, std::int64_t{2}}));
  ASSERT_EQ(counts.rows.size(), 8U);
  std::size_t tagged = 0;
  for (std::size_t i = 0; i < counts.rows.size(); ++i) {
    EXPECT_EQ(counts.rows[i][0], expected.rows[i][0]);
    const Cell none = Cell(std::int64_t{0});
    EXPECT_EQ(counts.rows[i][1], expected.rows[i][1] == none ? Cell() : expected.rows[i][1]);
    EXPECT_EQ(counts.rows[i][2], expected.rows[i][2]);
    tagged += counts.rows[i][2] == Cell(std::int64_t{1}) ? 1 : 0;
  }
  EXPECT_GT(tagged, 0U) << "the sample has none to leave out";
  EXPECT_EQ(Ask("SELECT width, count(*), avg(transitions > 0) FROM runs JOIN transition_counts"
                " USING (run_id) GROUP BY width")
                .rows.size(),
            1U);
}

TEST_F(Query, GivesTheFirstIntrinsicTransitionOrTheTimeWithout) {
  EXPECT_EQ(
      Ask("SELECT count(*), count(DISTINCT run_id), sum(time IS NULL), sum(censored IS NULL)"
          " FROM first_transitions")
          .rows[0],
      (std::vector<Cell>{std::int64_t{10}, std::int64_t{10}, std::int64_t{2}, std::int64_t{2}}));
  // Every row against the tables that it comes from.
  EXPECT_EQ(Ask("SELECT count(*) FROM first_transitions f JOIN runs USING (run_id)"
                " WHERE no_verdict = '' AND censored = (SELECT NOT count(*) FROM transitions t"
                " WHERE t.run_id = f.run_id AND NOT t.schedule)"
                " AND time = coalesce((SELECT min(onset_step) FROM transitions t"
                " WHERE t.run_id = f.run_id AND NOT t.schedule), steps_done)"
                " AND time IS coalesce(onset_step, steps_done)"
                " AND (drop_nats IS NULL) = censored")
                .rows[0][0],
            Cell(std::int64_t{8}));
  EXPECT_EQ(Ask("SELECT count(*) FROM first_transitions WHERE censored").rows[0][0],
            Ask("SELECT count(*) FROM transition_counts WHERE transitions = 0").rows[0][0]);
  Refused("DELETE FROM first_transitions");
}

TEST_F(Query, NoRowsStillHaveColumns) {
  const Result result = Ask("SELECT run_id, seed FROM runs WHERE seed = 999");
  EXPECT_EQ(result.columns.size(), 2U);
  EXPECT_TRUE(result.rows.empty());
}

TEST_F(Query, StatementsThatDoMoreThanReadAreRefused) {
  for (const char* sql : {"DELETE FROM runs",
                          "UPDATE runs SET seed = 1",
                          "INSERT INTO sweeps VALUES (1,2,3,4,5)",
                          "DROP TABLE runs",
                          "CREATE TABLE t (x)",
                          "CREATE TEMP TABLE t (x)",
                          "CREATE TEMP VIEW v AS SELECT 1",
                          "ATTACH '/tmp/other.db' AS other",
                          "DETACH main",
                          "PRAGMA query_only = 0",
                          "PRAGMA journal_mode = WAL",
                          "PRAGMA user_version = 3",
                          "VACUUM",
                          "VACUUM INTO '/tmp/stolen.db'",
                          "REINDEX",
                          "ANALYZE",
                          "BEGIN",
                          "COMMIT",
                          "SAVEPOINT s",
                          "UPDATE sqlite_master SET sql = ''",
                          "EXPLAIN DELETE FROM runs",
                          "WITH x AS (SELECT 1) DELETE FROM runs WHERE seed IN x"}) {
    Refused(sql);
  }
  EXPECT_EQ(Ask("SELECT count(*) FROM runs").rows[0][0], Cell(std::int64_t{10}));
}

TEST_F(Query, ErrorsCarryTheStatementAndSqlitesMessage) {
  EXPECT_NE(Refused("SELEC 1").problem().find("syntax error"), std::string::npos);
  EXPECT_NE(Refused("SELECT no_such FROM runs").problem().find("no such column"),
            std::string::npos);
  EXPECT_NE(Refused("SELECT * FROM nowhere").problem().find("no such table"), std::string::npos);
  EXPECT_NE(Refused("SELECT json_extract('{', '$.a')").problem().find("malformed JSON"),
            std::string::npos);
  EXPECT_NE(Refused("SELECT * FROM runs WHERE seed = ?").problem().find("parameters"),
            std::string::npos);
  Refused("");
  Refused(" ; -- nothing");
  Refused("SELECT load_extension('/tmp/x')");
}

TEST_F(Query, OneStatementAtATime) {
  Refused("SELECT 1; SELECT 2");
  Refused("SELECT 1; DELETE FROM runs");
  Refused("SELECT 1; nonsense");
  EXPECT_EQ(Ask("SELECT 1; -- the end").rows.size(), 1U);
}

TEST_F(Query, ReadsCurvesFromTheShards) {
  EXPECT_EQ(Ask("SELECT count(*), min(step), max(step) FROM curves").rows[0],
            (std::vector<Cell>{std::int64_t{5010}, std::int64_t{0}, std::int64_t{500}}));
  const Result one =
      Ask("SELECT step, loss, test_loss FROM curves"
          " WHERE run_id = (SELECT run_id FROM runs WHERE seed = 3) ORDER BY step");
  ASSERT_EQ(one.rows.size(), 501U);
  for (std::size_t i = 0; i < one.rows.size(); ++i) {
    EXPECT_EQ(one.rows[i][0], Cell(static_cast<std::int64_t>(i)));
    const auto loss = static_cast<double>(store::testing::SampleValue(3, "loss", i));
    EXPECT_EQ(one.rows[i][1], Cell(loss));
    EXPECT_EQ(one.rows[i][2], Cell(std::monostate()));
  }
  const Result joined = Ask(
      "SELECT seed, count(loss) FROM runs JOIN curves USING (run_id) GROUP BY seed ORDER BY seed");
  ASSERT_EQ(joined.rows.size(), 10U);
  EXPECT_EQ(joined.rows[6][1], Cell(std::int64_t{101})) << "NaN after a divergence is NULL";
  EXPECT_EQ(joined.rows[7][1], Cell(std::int64_t{501}));
  EXPECT_TRUE(Ask("SELECT * FROM curves WHERE run_id = 'none'").rows.empty());
  EXPECT_NE(Refused("SELECT no_such FROM curves").problem().find("no such column"),
            std::string::npos);
  Refused("DELETE FROM curves");
  Refused("DROP TABLE curves");
}

TEST_F(Query, NamesTheShardWhoseCurvesCannotBeRead) {
  const store::Catalog catalog(store_.path());
  const std::string shard = store::ListShards(store_.path()).at(0);
  std::filesystem::resize_file(shard, std::filesystem::file_size(shard) / 2);
  try {
    query::Run(catalog, "SELECT count(*) FROM curves");
    ADD_FAILURE() << "a shard cut in half was read";
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::kDamaged);
    EXPECT_NE(error.place().find(shard), std::string::npos) << error.what();
  }
}

TEST_F(Query, LeavesTheCatalogueUsable) {
  const store::Catalog catalog(store_.path());
  EXPECT_THROW(query::Run(catalog, "SELECT nonsense"), Error);
  EXPECT_EQ(catalog.RunIds().size(), 10U);
  EXPECT_EQ(query::Run(catalog, "SELECT seed FROM runs ORDER BY seed").rows.size(), 10U);
}

TEST_F(Query, HandsOverRowsAsTheyCome) {
  struct Enough {};
  int rows = 0;
  const RowSink sink{.columns = nullptr, .row = [&](const std::vector<Cell>&) {
                       if (++rows == 3) throw Enough();
                     }};
  EXPECT_THROW(query::Run(store::Catalog(store_.path()), "SELECT * FROM runs", sink), Enough);
  EXPECT_EQ(rows, 3);
}

}  // namespace
}  // namespace crease::query
