#include "lib/store/catalog_tables.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <filesystem>
#include <optional>
#include <sstream>
#include <sys/stat.h>
#include <system_error>
#include <utility>

#include <toml++/toml.h>

#include "lib/core/error.h"
#include "lib/core/hash.h"
#include "lib/store/catalog_schema.h"
#include "lib/store/columns.h"
#include "lib/store/files.h"
#include "lib/store/layout.h"

namespace crease::store {
namespace {

namespace fs = std::filesystem;

std::string InsertInto(const std::string& table, std::size_t columns,
                       const std::string& insert = "INSERT INTO ") {
  std::string sql = insert + table + " VALUES (?";
  for (std::size_t i = 1; i < columns; ++i) sql += ", ?";
  return sql + ")";
}

std::size_t CountColumns(bool (*is)(const RunColumn&)) {
  return static_cast<std::size_t>(std::count_if(RunColumns().begin(), RunColumns().end(), is));
}

// Columns that an older shard lacks are left out of the result.
RunTable ReadRunColumns(const ShardReader& reader) {
  RunTable columns;
  for (const RunColumn& column : RunColumns()) {
    std::optional<ColumnValues> values = reader.Column(column.name);
    if (values && values->index() != EmptyColumn(column.type).index()) {
      throw DamagedError(reader.info().path + ": /" + column.name, "has another type",
                         DamageRemedy(reader.info().path));
    }
    // A run without these is none.
    const bool needed =
        column.name == "digest" || column.name == "config" || column.name == "outcome";
    if (needed && !values) {
      throw DamagedError(reader.info().path + ": /" + column.name, "is missing",
                         DamageRemedy(reader.info().path));
    }
    columns.push_back(std::move(values));
  }
  return columns;
}

void BindColumn(Statement& statement, int parameter, const std::optional<ColumnValues>& column,
                std::size_t row) {
  if (!column) return statement.BindNull(parameter);
  std::visit([&](const auto& values) { statement.Bind(parameter, values[row]); }, *column);
}

// A configuration's JSON around its seed; no tail if it has none.
struct AroundSeed {
  std::string_view head, tail;
  bool operator==(const AroundSeed&) const = default;
};

AroundSeed CutSeed(std::string_view config) {
  const std::size_t at = config.rfind(kSeed);
  if (at == std::string_view::npos) return {config, {}};
  const std::size_t begin = at + kSeed.size();
  const std::size_t end = std::min(config.find_first_not_of("0123456789", begin), config.size());
  return {config.substr(0, begin), config.substr(end)};
}

std::string WithCellSeed(const AroundSeed& config) {
  std::string text(config.head);
  if (!config.tail.empty()) text += kCellSeed;
  return text.append(config.tail);
}

// Requires: the column is there and has texts, which ReadRunColumns sees to.
const std::vector<std::string>& TextsOf(const RunTable& table, const std::string& name) {
  std::size_t c = 0;
  while (RunColumns()[c].name != name) ++c;
  return std::get<std::vector<std::string>>(*table[c]);
}

std::vector<std::size_t> ColumnsOfRun() {
  std::vector<std::size_t> columns;
  for (std::size_t c = 0; c < RunColumns().size(); ++c) {
    if (IsOfRun(RunColumns()[c])) columns.push_back(c);
  }
  return columns;
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

ShardInserter::ShardInserter(sqlite3* connection)
    : connection_(connection),
      insert_cell_(connection, InsertInto("cells", CountColumns([](const RunColumn& column) {
                                                     return column.of_cell;
                                                   }) + 5)),
      find_cell_(connection, "SELECT cell FROM cells WHERE key = ?"),
      insert_run_(connection,
                  InsertInto("run_rows", CountColumns(IsOfRun) + 5, "INSERT OR IGNORE INTO ")),
      insert_transition_(connection, InsertInto("transitions", TransitionColumns().size() + 2)),
      insert_shard_(connection, InsertInto("shards", 8)),
      find_run_(connection,
                "SELECT shards.name, shards.created_utc, shards.number, run_rows.digest"
                " FROM run_rows JOIN shards ON shards.number = run_rows.shard WHERE run_id = ?"),
      delete_run_(connection, "DELETE FROM run_rows WHERE run_id = ?"),
      delete_transitions_(connection, "DELETE FROM transitions WHERE run_id = ?"),
      count_superseded_(connection,
                        "UPDATE shards SET superseded_runs = superseded_runs + 1 WHERE number = ?"),
      insert_superseded_(connection, InsertInto("superseded", 3)) {}

bool ShardInserter::TakesPrecedence(const Copy& copy) {
  find_run_.Bind(0, copy.run_id);
  find_run_.Step();
  const Copy other{copy.run_id, find_run_.Text(3), find_run_.Integer(2), find_run_.Text(0),
                   find_run_.Text(1)};
  find_run_.Run();
  const bool newer =
      std::pair(copy.created_utc, copy.name) > std::pair(other.created_utc, other.name);
  const Copy& loser = newer ? other : copy;
  count_superseded_.Bind(0, loser.shard);
  count_superseded_.Run();
  insert_superseded_.Bind(0, loser.run_id);
  insert_superseded_.Bind(1, loser.shard);
  insert_superseded_.Bind(2, loser.digest);
  insert_superseded_.Run();
  if (!newer) return false;
  for (Statement* statement : {&delete_run_, &delete_transitions_}) {
    statement->Bind(0, copy.run_id);
    statement->Run();
  }
  return true;
}

void ShardInserter::Add(const ShardReader& reader, const std::string& name, std::int64_t size_bytes,
                        std::int64_t modified_ns) {
  const RunTable table = ReadRunColumns(reader);
  const ShardReader::TransitionTable found = reader.Transitions();
  const std::string created_utc = reader.info().Attribute("created_utc");
  const std::string sweep = reader.info().Attribute("sweep_name");
  const std::string record = reader.info().Attribute("record");
  const std::int64_t number = InsertShard(reader, name, size_bytes, modified_ns);

  std::vector<std::vector<std::size_t>> transitions(static_cast<std::size_t>(reader.info().runs));
  for (std::size_t i = 0; i < found.run_index.size(); ++i) {
    transitions[static_cast<std::size_t>(found.run_index[i])].push_back(i);
  }
  const auto& ids = TextsOf(table, "run_id");
  const auto& digests = TextsOf(table, "digest");
  const auto& configs = TextsOf(table, "config");
  AroundSeed last;
  std::int64_t cell = 0;
  for (std::size_t row = 0; row < ids.size(); ++row) {
    const AroundSeed config = CutSeed(configs[row]);
    if (row == 0 || config != last) cell = CellOf(sweep, record, WithCellSeed(config), table, row);
    last = config;
    const auto count = static_cast<std::int64_t>(transitions[row].size());
    const RunPlace place{number, static_cast<std::int64_t>(row), cell, count};
    if (!InsertRun(ids[row], place, table)) {
      if (!TakesPrecedence({ids[row], digests[row], number, name, created_utc})) continue;
      InsertRun(ids[row], place, table);
    }
    std::int64_t position = 0;
    for (std::size_t i : transitions[row]) {
      InsertTransition(ids[row], position++, found.transitions[i]);
    }
  }
}

std::int64_t ShardInserter::CellOf(const std::string& sweep, const std::string& record,
                                   const std::string& config, const RunTable& table,
                                   std::size_t row) {
  const std::string key = HexDigestOf(sweep + "\n" + record + "\n" + config);
  find_cell_.Bind(0, key);
  const bool known = find_cell_.Step();
  const std::int64_t cell = known ? find_cell_.Integer(0) : 0;
  find_cell_.Run();
  if (known) return cell;
  insert_cell_.BindNull(0);
  insert_cell_.Bind(1, key);
  insert_cell_.Bind(2, sweep);
  insert_cell_.Bind(3, config);
  insert_cell_.Bind(4, record);
  int parameter = 5;
  for (std::size_t c = 0; c < table.size(); ++c) {
    if (RunColumns()[c].of_cell) BindColumn(insert_cell_, parameter++, table[c], row);
  }
  insert_cell_.Run();
  return sqlite3_last_insert_rowid(connection_);
}

bool ShardInserter::InsertRun(const std::string& run_id, const RunPlace& place,
                              const RunTable& table) {
  static const std::vector<std::size_t> own = ColumnsOfRun();
  insert_run_.Bind(0, run_id);
  insert_run_.Bind(1, place.shard);
  insert_run_.Bind(2, place.row);
  insert_run_.Bind(3, place.cell);
  int parameter = 4;
  for (const std::size_t c : own) {
    BindColumn(insert_run_, parameter++, table[c], static_cast<std::size_t>(place.row));
  }
  insert_run_.Bind(parameter, place.transitions);
  insert_run_.Run();
  return sqlite3_changes(connection_) > 0;
}

std::int64_t ShardInserter::InsertShard(const ShardReader& reader, const std::string& name,
                                        std::int64_t size_bytes, std::int64_t modified_ns) {
  const ShardInfo& info = reader.info();
  insert_shard_.BindNull(0);
  insert_shard_.Bind(1, name);
  insert_shard_.Bind(2, size_bytes);
  insert_shard_.Bind(3, modified_ns);
  insert_shard_.Bind(4, info.Attribute("created_utc"));
  insert_shard_.Bind(5, std::int64_t{info.Attribute("replaces_runs") == "1"});
  insert_shard_.Bind(6, info.runs);
  insert_shard_.Bind(7, std::int64_t{0});
  insert_shard_.Run();
  return sqlite3_last_insert_rowid(connection_);
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
