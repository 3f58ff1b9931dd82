#include "analysis/summary/catalog_runs.h"

#include <limits>
#include <memory>
#include <unordered_map>
#include <utility>

#include <sqlite3.h>

#include "lib/core/error.h"
#include "lib/train/config_keys.h"

namespace crease::summary {
namespace {

// A SELECT that is stepped through; columns count from 0.
class Rows {
 public:
  Rows(sqlite3* connection, const char* sql) : connection_(connection) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(connection, sql, -1, &statement, nullptr) != SQLITE_OK) Fail();
    statement_.reset(statement);
  }

  bool Next() {
    const int result = sqlite3_step(statement_.get());
    if (result != SQLITE_ROW && result != SQLITE_DONE) Fail();
    return result == SQLITE_ROW;
  }

  [[noreturn]] void Damaged(const std::string& what) const {
    throw DamagedError("catalog", what,
                       "delete the store's catalog.sqlite*; it is made again from the shards");
  }

  std::string Text(int column) const {
    const unsigned char* text = sqlite3_column_text(statement_.get(), column);
    if (text == nullptr) return "";
    const int bytes = sqlite3_column_bytes(statement_.get(), column);
    return {reinterpret_cast<const char*>(text), static_cast<std::size_t>(bytes)};
  }
  std::int64_t Integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }
  double Real(int column) const {
    if (sqlite3_column_type(statement_.get(), column) == SQLITE_NULL) {
      return std::numeric_limits<double>::quiet_NaN();
    }
    return sqlite3_column_double(statement_.get(), column);
  }

 private:
  [[noreturn]] void Fail() const { Damaged(sqlite3_errmsg(connection_)); }

  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  sqlite3* connection_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

// What the runs of a cell share, by the cell's number.
std::unordered_map<std::int64_t, CatalogRun> ReadCells(const store::Catalog& catalog) {
  Rows rows(catalog.connection(), "SELECT cell, sweep, record, config FROM cells");
  std::unordered_map<std::int64_t, CatalogRun> cells;
  while (rows.Next()) {
    CatalogRun& run = cells[rows.Integer(0)];
    run.sweep = rows.Text(1);
    run.record_json = rows.Text(2);
    run.config = train::ConfigFromJson(rows.Text(3));
  }
  return cells;
}

}  // namespace

std::vector<CatalogRun> ReadRuns(const store::Catalog& catalog) {
  const auto cells = ReadCells(catalog);
  Rows rows(catalog.connection(),
            "SELECT run_id, shards.name, shard_row, cell, seed, digest, outcome, steps_done,"
            " final_loss, best_accuracy, no_verdict"
            " FROM run_rows JOIN shards ON shards.number = run_rows.shard"
            " ORDER BY run_rows.rowid");
  std::vector<CatalogRun> runs;
  while (rows.Next()) {
    const auto cell = cells.find(rows.Integer(3));
    if (cell == cells.end()) rows.Damaged("a run names a cell that is not there");
    CatalogRun run = cell->second;
    run.run_id = rows.Text(0);
    run.shard = rows.Text(1);
    run.shard_row = rows.Integer(2);
    run.config.seed = static_cast<std::uint64_t>(rows.Integer(4));
    run.digest = rows.Text(5);
    run.diverged = rows.Text(6) == "diverged";
    run.steps_done = rows.Integer(7);
    run.final_loss = rows.Real(8);
    run.best_accuracy = rows.Real(9);
    run.no_verdict = rows.Text(10);
    runs.push_back(std::move(run));
  }
  return runs;
}

TransitionsByRun ReadTransitions(const store::Catalog& catalog) {
  Rows rows(catalog.connection(),
            "SELECT run_id, number, onset_step, midpoint_step, end_step, width_steps,"
            " loss_before, loss_after, drop_nats, sharpness, peak_rate, plateau_steps,"
            " plateau_loss, z_score, p_value, open, overlap, schedule"
            " FROM transitions ORDER BY run_id, number");
  TransitionsByRun transitions;
  while (rows.Next()) {
    CatalogTransition row;
    row.number = rows.Integer(1);
    detect::Transition& t = row.transition;
    int column = 2;
    for (double* figure : {&t.onset_step, &t.midpoint_step, &t.end_step, &t.width_steps,
                           &t.loss_before, &t.loss_after, &t.drop_nats, &t.sharpness, &t.peak_rate,
                           &t.plateau_steps, &t.plateau_loss, &t.z_score, &t.p_value}) {
      *figure = rows.Real(column++);
    }
    for (bool* flag : {&t.open, &t.overlap, &t.schedule}) *flag = rows.Integer(column++) != 0;
    transitions[rows.Text(0)].push_back(row);
  }
  return transitions;
}

}  // namespace crease::summary
