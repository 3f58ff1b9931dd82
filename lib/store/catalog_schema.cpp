#include "lib/store/catalog_schema.h"

#include <cstdlib>
#include <variant>
#include <vector>

#include "lib/core/hash.h"

namespace crease::store {

bool IsOfRun(const RunColumn& column) {
  return column.name != "run_id" && column.name != "config" && !column.of_cell;
}

namespace {

std::string SqlType(ValueType type) {
  switch (type) {
    case ValueType::kReal:
      return "REAL";
    case ValueType::kString:
      return "TEXT";
    default:
      return "INTEGER";
  }
}

std::string RunsView() {
  std::string sql =
      "CREATE VIEW runs AS SELECT run_rows.run_id AS run_id, shards.name AS shard,"
      " run_rows.shard_row AS shard_row, cells.sweep AS sweep";
  for (const RunColumn& column : RunColumns()) {
    if (column.name == "run_id") continue;
    std::string value = (column.of_cell ? "cells.\"" : "run_rows.\"") + column.name + "\"";
    if (column.name == "config") {
      const std::string seed(kSeed);
      value = "replace(cells.config, '" + seed + kCellSeed + "', '" + seed + "' || run_rows.seed)";
    }
    sql += ", " + value + " AS \"" + column.name + "\"";
  }
  return sql +
         ", run_rows.transition_count AS transition_count, cells.record AS record"
         " FROM run_rows JOIN cells ON cells.cell = run_rows.cell"
         " JOIN shards ON shards.number = run_rows.shard;";
}

// Only intrinsic transitions count, and runs without a verdict have NULL: averages leave them out.
// Subqueries by run rather than joins of groups, so that asking for one run reads one run.
std::string TransitionViews() {
  std::string columns;
  for (const TransitionColumn& column : TransitionColumns()) {
    const std::string name(column.name);
    if (name == "schedule") continue;  // never set here, and a configuration key has that name
    columns += ", found.\"" + name + "\" AS \"" + name + "\"";
  }
  return "CREATE VIEW transition_counts AS SELECT run_id,"
         " CASE WHEN coalesce(no_verdict, '') = '' THEN (SELECT count(*) FROM transitions"
         " WHERE transitions.run_id = run_rows.run_id AND NOT schedule) END AS transitions,"
         " (SELECT count(*) FROM transitions"
         " WHERE transitions.run_id = run_rows.run_id AND schedule) AS schedule_tagged"
         " FROM run_rows;"
         "CREATE VIEW first_transitions AS SELECT run_rows.run_id AS run_id,"
         " CASE WHEN coalesce(no_verdict, '') = '' THEN found.run_id IS NULL END AS censored,"
         " CASE WHEN coalesce(no_verdict, '') = '' THEN"
         " coalesce(found.onset_step, run_rows.steps_done) END AS time,"
         " found.number AS number" +
         columns +
         " FROM run_rows LEFT JOIN transitions AS found ON found.run_id = run_rows.run_id"
         " AND coalesce(no_verdict, '') = '' AND found.number = (SELECT min(number) FROM "
         "transitions AS any_of"
         " WHERE any_of.run_id = run_rows.run_id AND NOT any_of.schedule);";
}

std::string Definition() {
  std::string sql =
      "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT);"
      "CREATE TABLE shards (number INTEGER PRIMARY KEY, name TEXT UNIQUE, size_bytes INTEGER,"
      " modified_ns INTEGER, created_utc TEXT, replaces_runs INTEGER, runs INTEGER,"
      " superseded_runs INTEGER);"
      "CREATE TABLE superseded (run_id TEXT, shard INTEGER, digest TEXT);"
      "CREATE INDEX superseded_shard ON superseded (shard);"
      "CREATE TABLE sweeps (name TEXT PRIMARY KEY, question TEXT, overrides TEXT, text TEXT,"
      " modified_utc TEXT);"
      "CREATE TABLE cells (cell INTEGER PRIMARY KEY, key TEXT UNIQUE, sweep TEXT, config TEXT,"
      " record TEXT";
  for (const RunColumn& column : RunColumns()) {
    if (column.of_cell) sql += ", \"" + column.name + "\" " + SqlType(column.type);
  }
  sql +=
      ");CREATE TABLE run_rows (run_id TEXT PRIMARY KEY, shard INTEGER, shard_row INTEGER,"
      " cell INTEGER";
  for (const RunColumn& column : RunColumns()) {
    if (IsOfRun(column)) sql += ", \"" + column.name + "\" " + SqlType(column.type);
  }
  sql +=
      ", transition_count INTEGER);"
      "CREATE INDEX run_rows_shard ON run_rows (shard);"
      "CREATE TABLE transitions (run_id TEXT, number INTEGER";
  for (const TransitionColumn& column : TransitionColumns()) {
    const bool real = std::holds_alternative<double detect::Transition::*>(column.field);
    sql += ", \"" + std::string(column.name) + (real ? "\" REAL" : "\" INTEGER");
  }
  return sql + ", PRIMARY KEY (run_id, number)) WITHOUT ROWID;" + RunsView() + TransitionViews();
}

std::int64_t DefinitionVersion() {
  const std::string digits = HexDigestOf(Definition()).substr(0, 7);
  return static_cast<std::int64_t>(std::strtoul(digits.c_str(), nullptr, 16)) + 1;
}

}  // namespace

bool HasOurTables(sqlite3* connection) {
  Statement version(connection, "PRAGMA user_version");
  return version.Step() && version.Integer(0) == DefinitionVersion();
}

void MakeTables(sqlite3* connection) {
  std::vector<std::string> drops;
  {
    // Views first: they name tables.
    Statement select(connection,
                     "SELECT type, name FROM sqlite_master WHERE type IN ('table', 'view')"
                     " AND name NOT LIKE 'sqlite_%' ORDER BY type DESC");
    while (select.Step()) {
      drops.push_back("DROP " + select.Text(0) + " \"" + select.Text(1) + "\"");
    }
  }
  for (const std::string& drop : drops) Execute(connection, drop);
  Execute(connection, Definition());
  Execute(connection, "PRAGMA user_version = " + std::to_string(DefinitionVersion()));
}

}  // namespace crease::store
