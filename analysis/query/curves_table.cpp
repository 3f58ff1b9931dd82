#include "analysis/query/curves_table.h"

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <vector>

#include <sqlite3.h>

#include "lib/core/error.h"
#include "lib/store/reader.h"

namespace crease::query {
namespace {

constexpr std::array<const char*, 4> kCurves = {"loss", "accuracy", "test_loss", "test_accuracy"};
constexpr int kRunIdColumn = 0, kStepColumn = 1, kFirstCurveColumn = 2;
constexpr int kOneRun = 1;  // the plan that reads a single run

struct Table {
  sqlite3_vtab base;  // first: SQLite sees this part alone
  sqlite3* connection;
  CurvesSource* source;
};

struct RunPlace {
  std::string run_id, shard;
  std::int64_t row = 0;
};

struct Cursor {
  sqlite3_vtab_cursor base;  // first, as above
  std::vector<RunPlace> runs;
  std::size_t run = 0, position = 0;
  std::string open_shard;
  std::unique_ptr<store::ShardReader> reader;
  std::vector<double> steps;
  std::array<std::vector<float>, kCurves.size()> curves;

  bool at_end() const { return run >= runs.size(); }
};

Table& TableOf(sqlite3_vtab* base) { return *reinterpret_cast<Table*>(base); }
Cursor& CursorOf(sqlite3_vtab_cursor* base) { return *reinterpret_cast<Cursor*>(base); }

// Runs what may throw; keeps the exception for the caller of SQLite.
template <typename Work>
int Guarded(sqlite3_vtab* table, const Work& work) {
  try {
    return work();
  } catch (const std::exception& error) {
    TableOf(table).source->failure = std::current_exception();
    sqlite3_free(table->zErrMsg);
    table->zErrMsg = sqlite3_mprintf("%s", error.what());
    return SQLITE_ERROR;
  }
}

std::vector<RunPlace> FindRuns(sqlite3* connection, const std::optional<std::string>& run_id) {
  std::string sql = "SELECT run_id, shard, shard_row FROM runs";
  sql += run_id ? " WHERE run_id = ?" : " ORDER BY shard, shard_row";
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(connection, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) {
    throw DamagedError("catalogue", sqlite3_errmsg(connection), "delete catalog.sqlite");
  }
  const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> owner(statement, sqlite3_finalize);
  if (run_id) sqlite3_bind_text(statement, 1, run_id->c_str(), -1, SQLITE_TRANSIENT);
  std::vector<RunPlace> places;
  const auto text = [&](int column) {
    const auto* value = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
    return std::string(value == nullptr ? "" : value);
  };
  while (sqlite3_step(statement) == SQLITE_ROW) {
    places.push_back({text(0), text(1), sqlite3_column_int64(statement, 2)});
  }
  return places;
}

// Loads the curves of the run at the cursor; runs without recorded steps are passed over.
void LoadRun(const CurvesSource& source, Cursor& cursor) {
  cursor.position = 0;
  for (; !cursor.at_end(); ++cursor.run) {
    const RunPlace& place = cursor.runs[cursor.run];
    if (place.shard != cursor.open_shard) {
      cursor.reader.reset();
      cursor.reader =
          std::make_unique<store::ShardReader>(source.shards_directory + "/" + place.shard);
      cursor.open_shard = place.shard;
      cursor.steps = cursor.reader->Steps("");
    }
    for (std::size_t i = 0; i < kCurves.size(); ++i) {
      cursor.curves[i] = cursor.reader->Row(kCurves[i], place.row);
    }
    if (!cursor.steps.empty() && !cursor.curves[0].empty()) return;
  }
}

int Connect(sqlite3* connection, void* source, int, const char* const*, sqlite3_vtab** made,
            char**) {
  const int code = sqlite3_declare_vtab(
      connection,
      "CREATE TABLE curves (run_id TEXT, step INTEGER, loss REAL, accuracy REAL, test_loss REAL,"
      " test_accuracy REAL)");
  if (code != SQLITE_OK) return code;
  auto table = std::make_unique<Table>(
      Table{.base = {}, .connection = connection, .source = static_cast<CurvesSource*>(source)});
  *made = &table.release()->base;
  return SQLITE_OK;
}

int Disconnect(sqlite3_vtab* base) {
  delete &TableOf(base);
  return SQLITE_OK;
}

int BestIndex(sqlite3_vtab*, sqlite3_index_info* info) {
  constexpr double kRowsOfRun = 1e4, kRowsOfAll = 1e8;
  info->estimatedCost = kRowsOfAll;
  for (int i = 0; i < info->nConstraint; ++i) {
    const auto& constraint = info->aConstraint[i];
    if (constraint.usable == 0 || constraint.iColumn != kRunIdColumn ||
        constraint.op != SQLITE_INDEX_CONSTRAINT_EQ) {
      continue;
    }
    info->aConstraintUsage[i].argvIndex = 1;
    info->idxNum = kOneRun;
    info->estimatedCost = kRowsOfRun;
    return SQLITE_OK;
  }
  return SQLITE_OK;
}

int Open(sqlite3_vtab*, sqlite3_vtab_cursor** made) {
  auto cursor = std::make_unique<Cursor>();
  *made = &cursor.release()->base;
  return SQLITE_OK;
}

int Close(sqlite3_vtab_cursor* base) {
  delete &CursorOf(base);
  return SQLITE_OK;
}

int Filter(sqlite3_vtab_cursor* base, int plan, const char*, int, sqlite3_value** values) {
  return Guarded(base->pVtab, [&] {
    const Table& table = TableOf(base->pVtab);
    Cursor& cursor = CursorOf(base);
    std::optional<std::string> run_id;
    if (plan == kOneRun) {
      const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(values[0]));
      run_id = text == nullptr ? "" : text;
    }
    cursor.runs = FindRuns(table.connection, run_id);
    cursor.run = 0;
    LoadRun(*table.source, cursor);
    return SQLITE_OK;
  });
}

int Next(sqlite3_vtab_cursor* base) {
  return Guarded(base->pVtab, [&] {
    Cursor& cursor = CursorOf(base);
    if (++cursor.position < cursor.steps.size()) return SQLITE_OK;
    ++cursor.run;
    LoadRun(*TableOf(base->pVtab).source, cursor);
    return SQLITE_OK;
  });
}

int Eof(sqlite3_vtab_cursor* base) { return CursorOf(base).at_end() ? 1 : 0; }

int Column(sqlite3_vtab_cursor* base, sqlite3_context* context, int column) {
  const Cursor& cursor = CursorOf(base);
  if (column == kRunIdColumn) {
    sqlite3_result_text(context, cursor.runs[cursor.run].run_id.c_str(), -1, SQLITE_TRANSIENT);
  } else if (column == kStepColumn) {
    sqlite3_result_int64(context, static_cast<sqlite3_int64>(cursor.steps[cursor.position]));
  } else {
    const auto& curve = cursor.curves[static_cast<std::size_t>(column - kFirstCurveColumn)];
    const bool known = cursor.position < curve.size() && !std::isnan(curve[cursor.position]);
    if (known) sqlite3_result_double(context, static_cast<double>(curve[cursor.position]));
  }
  return SQLITE_OK;
}

int RowId(sqlite3_vtab_cursor* base, sqlite3_int64* id) {
  const Cursor& cursor = CursorOf(base);
  *id = static_cast<sqlite3_int64>(cursor.run) * std::ssize(cursor.steps) +
        static_cast<sqlite3_int64>(cursor.position);
  return SQLITE_OK;
}

// xCreate is left out: the table is there without being created, and cannot be.
const sqlite3_module kModule = [] {
  sqlite3_module module = {};
  module.xConnect = &Connect;
  module.xBestIndex = &BestIndex;
  module.xDisconnect = &Disconnect;
  module.xOpen = &Open;
  module.xClose = &Close;
  module.xFilter = &Filter;
  module.xNext = &Next;
  module.xEof = &Eof;
  module.xColumn = &Column;
  module.xRowid = &RowId;
  return module;
}();

}  // namespace

void AddCurvesTable(sqlite3* connection, CurvesSource& source) {
  sqlite3_create_module(connection, "curves", &kModule, &source);
}

}  // namespace crease::query
