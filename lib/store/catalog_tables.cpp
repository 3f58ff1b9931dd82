#include "lib/store/catalog_tables.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <optional>
#include <sstream>
#include <sys/stat.h>
#include <system_error>
#include <type_traits>
#include <utility>

#include <toml++/toml.h>

#include "lib/core/error.h"
#include "lib/core/hash.h"
#include "lib/store/columns.h"
#include "lib/store/files.h"
#include "lib/store/layout.h"

namespace crease::store {
namespace {

namespace fs = std::filesystem;

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

std::string Definition() {
  std::string sql =
      "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT);"
      "CREATE TABLE shards (name TEXT PRIMARY KEY, size_bytes INTEGER, modified_ns INTEGER,"
      " created_utc TEXT, runs INTEGER, superseded_runs INTEGER);"
      "CREATE TABLE sweeps (name TEXT PRIMARY KEY, question TEXT, overrides TEXT, text TEXT,"
      " modified_utc TEXT);"
      "CREATE TABLE runs (run_id TEXT PRIMARY KEY, shard TEXT, shard_row INTEGER, sweep TEXT";
  for (const RunColumn& column : RunColumns()) {
    if (column.name == "run_id") continue;
    sql += ", \"" + column.name + "\" " + SqlType(column.type);
  }
  sql +=
      ", transition_count INTEGER, record TEXT);"
      "CREATE INDEX runs_shard ON runs (shard);"
      "CREATE TABLE transitions (run_id TEXT, number INTEGER";
  for (const TransitionColumn& column : TransitionColumns()) {
    const bool real = std::holds_alternative<double detect::Transition::*>(column.field);
    sql += ", \"" + std::string(column.name) + (real ? "\" REAL" : "\" INTEGER");
  }
  return sql + ", PRIMARY KEY (run_id, number)) WITHOUT ROWID;";
}

std::int64_t DefinitionVersion() {
  const std::string digits = HexDigestOf(Definition()).substr(0, 7);
  return static_cast<std::int64_t>(std::strtoul(digits.c_str(), nullptr, 16)) + 1;
}

std::string InsertInto(const std::string& table, std::size_t columns) {
  std::string sql = "INSERT INTO " + table + " VALUES (?";
  for (std::size_t i = 1; i < columns; ++i) sql += ", ?";
  return sql + ")";
}

// Columns that an older shard lacks are left out of the result.
std::vector<std::optional<ColumnValues>> ReadRunColumns(const ShardReader& reader) {
  std::vector<std::optional<ColumnValues>> columns;
  for (const RunColumn& column : RunColumns()) {
    std::optional<ColumnValues> values = reader.Column(column.name);
    if (values && values->index() != EmptyColumn(column.type).index()) {
      throw DamagedError(reader.info().path + ": /" + column.name, "has another type",
                         "copy the shard again from where it came, or remove the file");
    }
    // A run without these is none.
    const bool needed =
        column.name == "digest" || column.name == "config" || column.name == "outcome";
    if (needed && !values) {
      throw DamagedError(reader.info().path + ": /" + column.name, "is missing",
                         "copy the shard again from where it came, or remove the file");
    }
    columns.push_back(std::move(values));
  }
  return columns;
}

// A statement keeps what was bound to it: most values are those of the row bound before, if any.
void BindColumn(Statement& statement, int parameter, const std::optional<ColumnValues>& column,
                std::size_t row, std::optional<std::size_t> row_before) {
  if (!column) {
    if (!row_before) statement.BindNull(parameter);
    return;
  }
  std::visit(
      [&](const auto& values) {
        if constexpr (!std::is_same_v<decltype(values), const std::vector<double>&>) {
          if (row_before && values[row] == values[*row_before]) return;
        }
        statement.Bind(parameter, values[row]);
      },
      *column);
}

std::string AttributeOf(const ShardReader& reader, const std::string& name) {
  for (const auto& [key, value] : reader.info().attributes) {
    if (key == name) return value;
  }
  return "";
}

std::string ModifiedUtc(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return "";
  struct tm utc {};
  gmtime_r(&status.st_mtim.tv_sec, &utc);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text.data();
}

std::string QuestionOf(const std::string& text) {
  std::istringstream stream(text);
  try {
    const toml::table file = toml::parse(stream);
    return file["sweep"]["question"].value_or(std::string());
  } catch (const toml::parse_error&) {
    return "";
  }
}

}  // namespace

bool HasOurTables(sqlite3* connection) {
  Statement version(connection, "PRAGMA user_version");
  return version.Step() && version.Integer(0) == DefinitionVersion();
}

void MakeTables(sqlite3* connection) {
  std::vector<std::string> tables;
  {
    Statement select(connection,
                     "SELECT name FROM sqlite_master WHERE type = 'table'"
                     " AND name NOT LIKE 'sqlite_%'");
    while (select.Step()) tables.push_back(select.Text(0));
  }
  for (const std::string& table : tables) Execute(connection, "DROP TABLE \"" + table + "\"");
  Execute(connection, Definition());
  Execute(connection, "PRAGMA user_version = " + std::to_string(DefinitionVersion()));
}

ShardInserter::ShardInserter(sqlite3* connection)
    : insert_run_(connection, InsertInto("runs", RunColumns().size() + 5)),
      insert_transition_(connection, InsertInto("transitions", TransitionColumns().size() + 2)),
      insert_shard_(connection, InsertInto("shards", 6)),
      find_run_(connection,
                "SELECT shards.name, shards.created_utc FROM runs JOIN shards"
                " ON shards.name = runs.shard WHERE run_id = ?"),
      delete_run_(connection, "DELETE FROM runs WHERE run_id = ?"),
      delete_transitions_(connection, "DELETE FROM transitions WHERE run_id = ?"),
      count_superseded_(connection,
                        "UPDATE shards SET superseded_runs = superseded_runs + 1 WHERE name = ?") {}

bool ShardInserter::TakesPrecedence(const std::string& run_id, const std::string& name,
                                    const std::string& created_utc) {
  find_run_.Bind(0, run_id);
  const bool found = find_run_.Step();
  const std::string other = found ? find_run_.Text(0) : "";
  const std::string other_created = found ? find_run_.Text(1) : "";
  find_run_.Run();
  if (!found) return true;
  const bool newer = std::pair(created_utc, name) > std::pair(other_created, other);
  count_superseded_.Bind(0, newer ? other : name);
  count_superseded_.Run();
  if (!newer) return false;
  for (Statement* statement : {&delete_run_, &delete_transitions_}) {
    statement->Bind(0, run_id);
    statement->Run();
  }
  return true;
}

void ShardInserter::Add(const ShardReader& reader, const std::string& name, std::int64_t size_bytes,
                        std::int64_t modified_ns) {
  const auto columns = ReadRunColumns(reader);
  const ShardReader::TransitionTable table = reader.Transitions();
  const std::string created_utc = AttributeOf(reader, "created_utc");
  InsertShard(name, size_bytes, modified_ns, created_utc, reader.info().runs);

  std::vector<std::vector<std::size_t>> transitions(static_cast<std::size_t>(reader.info().runs));
  for (std::size_t i = 0; i < table.run_index.size(); ++i) {
    transitions[static_cast<std::size_t>(table.run_index[i])].push_back(i);
  }
  const std::string sweep = AttributeOf(reader, "sweep_name");
  const std::string record = AttributeOf(reader, "record");
  const auto& ids = std::get<std::vector<std::string>>(*columns[0]);
  std::optional<std::size_t> row_before;
  for (std::size_t row = 0; row < ids.size(); ++row) {
    if (!TakesPrecedence(ids[row], name, created_utc)) continue;
    constexpr int kColumns = 4;  // where they begin
    const auto after_columns = kColumns + static_cast<int>(columns.size()) - 1;
    if (!row_before) {
      insert_run_.Bind(1, name);
      insert_run_.Bind(3, sweep);
      insert_run_.Bind(after_columns + 1, record);
    }
    insert_run_.Bind(0, ids[row]);
    insert_run_.Bind(2, static_cast<std::int64_t>(row));
    for (std::size_t c = 1; c < columns.size(); ++c) {
      BindColumn(insert_run_, kColumns + static_cast<int>(c) - 1, columns[c], row, row_before);
    }
    insert_run_.Bind(after_columns, static_cast<std::int64_t>(transitions[row].size()));
    insert_run_.Run();
    row_before = row;
    std::int64_t number = 0;
    for (std::size_t i : transitions[row]) {
      InsertTransition(ids[row], number++, table.transitions[i]);
    }
  }
}

void ShardInserter::InsertShard(const std::string& name, std::int64_t size_bytes,
                                std::int64_t modified_ns, const std::string& created_utc,
                                std::int64_t runs) {
  insert_shard_.Bind(0, name);
  insert_shard_.Bind(1, size_bytes);
  insert_shard_.Bind(2, modified_ns);
  insert_shard_.Bind(3, created_utc);
  insert_shard_.Bind(4, runs);
  insert_shard_.Bind(5, std::int64_t{0});
  insert_shard_.Run();
}

void ShardInserter::InsertTransition(const std::string& run_id, std::int64_t number,
                                     const detect::Transition& transition) {
  insert_transition_.Bind(0, run_id);
  insert_transition_.Bind(1, number);
  int parameter = 2;
  for (const TransitionColumn& column : TransitionColumns()) {
    if (const auto* real = std::get_if<double detect::Transition::*>(&column.field)) {
      insert_transition_.Bind(parameter++, transition.**real);
    } else {
      const auto flag = std::get<bool detect::Transition::*>(column.field);
      insert_transition_.Bind(parameter++, std::int64_t{transition.*flag ? 1 : 0});
    }
  }
  insert_transition_.Run();
}

std::vector<std::string> SweepFiles(const std::string& store_path) {
  std::vector<std::string> paths;
  std::error_code error;
  for (fs::directory_iterator entry(SweepsDirectory(store_path), error), end;
       !error && entry != end; entry.increment(error)) {
    const std::string extension = entry->path().extension().string();
    if (extension == ".toml" || extension == ".set") paths.push_back(entry->path().string());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

void ReadSweeps(sqlite3* connection, const std::string& store_path) {
  Execute(connection, "DELETE FROM sweeps");
  Statement insert(connection, InsertInto("sweeps", 5));
  for (const std::string& path : SweepFiles(store_path)) {
    const fs::path file(path);
    if (file.extension() != ".toml") continue;
    const std::string text = ReadFile(path);
    const std::string overrides = fs::path(file).replace_extension(".set").string();
    insert.Bind(0, file.stem().string());
    insert.Bind(1, QuestionOf(text));
    insert.Bind(2, fs::exists(overrides) ? ReadFile(overrides) : std::string());
    insert.Bind(3, text);
    insert.Bind(4, ModifiedUtc(path));
    insert.Run();
  }
}

}  // namespace crease::store
