#include "analysis/query/query.h"

#include <cctype>
#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

#include <sqlite3.h>

#include "analysis/query/curves_table.h"
#include "lib/core/error.h"
#include "lib/store/layout.h"

namespace crease::query {
namespace {

struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

// Asks SQLite to compile nothing but questions. PRAGMA is refused as a statement; what the tables
// look like is told by the functions pragma_table_info('runs') and its like, which only read.
int AllowQuestions(void*, int action, const char* first, const char*, const char*,
                   const char* trigger_or_view) {
  switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_FUNCTION:
    case SQLITE_RECURSIVE:
      return SQLITE_OK;
    case SQLITE_UPDATE:
      // Asked for where a function like pragma_table_info is first used. Nobody can write to it.
      return std::string_view(first) == "sqlite_master" ? SQLITE_OK : SQLITE_DENY;
    case SQLITE_PRAGMA: {
      static_cast<void>(trigger_or_view);
      const std::string_view name(first);
      const bool reads = name == "table_info" || name == "table_xinfo" || name == "table_list" ||
                         name == "index_list" || name == "index_info";
      return reads ? SQLITE_OK : SQLITE_DENY;
    }
    default:
      return SQLITE_DENY;
  }
}

// Only while a statement is compiled: the connection is the catalogue's.
class QuestionsOnly {
 public:
  explicit QuestionsOnly(sqlite3* connection) : connection_(connection) {
    sqlite3_set_authorizer(connection, &AllowQuestions, nullptr);
  }
  ~QuestionsOnly() { sqlite3_set_authorizer(connection_, nullptr, nullptr); }
  QuestionsOnly(const QuestionsOnly&) = delete;
  QuestionsOnly& operator=(const QuestionsOnly&) = delete;

 private:
  sqlite3* connection_;
};

// The table `curves`, as long as one question is answered.
class CurvesAttached {
 public:
  CurvesAttached(sqlite3* connection, CurvesSource& source) : connection_(connection) {
    AddCurvesTable(connection, source);
  }
  ~CurvesAttached() { sqlite3_create_module(connection_, "curves", nullptr, nullptr); }
  CurvesAttached(const CurvesAttached&) = delete;
  CurvesAttached& operator=(const CurvesAttached&) = delete;

 private:
  sqlite3* connection_;
};

[[noreturn]] void Reject(const std::string& sql, const std::string& why,
                         const std::string& remedy) {
  throw InputError("SQL", why + "\n  statement: " + sql, remedy);
}

bool IsBlank(const char* text) {
  while (*text != '\0' && (std::isspace(static_cast<unsigned char>(*text)) != 0 || *text == ';')) {
    ++text;
  }
  return *text == '\0';
}

std::string TablesAndColumns() {
  return "the tables are runs, transitions, transition_counts, first_transitions, curves, sweeps "
         "and shards; "
         "SELECT name FROM pragma_table_info('runs') lists the columns of one";
}

Statement Compile(sqlite3* connection, const std::string& sql) {
  const QuestionsOnly guard(connection);
  sqlite3_stmt* raw = nullptr;
  const char* rest = nullptr;
  const int code = sqlite3_prepare_v2(connection, sql.c_str(), -1, &raw, &rest);
  Statement statement(raw);
  // `runs` is a view, and SQLite finds that out before it asks for leave.
  const std::string_view message(sqlite3_errmsg(connection));
  if (code == SQLITE_AUTH || message.find("because it is a view") != std::string_view::npos) {
    Reject(sql, "the statement does not only read", "ask with SELECT; a query changes nothing");
  }
  if (code != SQLITE_OK) Reject(sql, sqlite3_errmsg(connection), TablesAndColumns());
  if (statement == nullptr) Reject(sql, "there is no statement", TablesAndColumns());
  if (!IsBlank(rest)) {
    sqlite3_stmt* second = nullptr;
    const int second_code = sqlite3_prepare_v2(connection, rest, -1, &second, nullptr);
    const Statement owner(second);
    if (second_code != SQLITE_OK || second != nullptr) {
      Reject(sql, "there is more than one statement", "run them one by one");
    }
  }
  if (sqlite3_stmt_readonly(statement.get()) == 0) {
    Reject(sql, "the statement does not only read", "ask with SELECT; a query changes nothing");
  }
  if (sqlite3_bind_parameter_count(statement.get()) > 0) {
    Reject(sql, "the statement has parameters, and nothing to put in for them",
           "write the values themselves");
  }
  return statement;
}

std::string Hexadecimal(const void* blob, int bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  const auto* at = static_cast<const unsigned char*>(blob);
  std::string text;
  for (int i = 0; i < bytes; ++i) {
    text += kDigits[at[i] >> 4];
    text += kDigits[at[i] & 15];
  }
  return text;
}

Cell CellAt(sqlite3_stmt* statement, int column) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
      return std::int64_t{sqlite3_column_int64(statement, column)};
    case SQLITE_FLOAT:
      return sqlite3_column_double(statement, column);
    case SQLITE_TEXT: {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
      return std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(statement, column)));
    }
    case SQLITE_BLOB: {
      const void* blob = sqlite3_column_blob(statement, column);
      return Hexadecimal(blob, sqlite3_column_bytes(statement, column));
    }
    default:
      return std::monostate();
  }
}

}  // namespace

void Run(const store::Catalog& catalog, const std::string& sql, const RowSink& sink) {
  sqlite3* connection = catalog.connection();
  CurvesSource curves = {.shards_directory = store::ShardsDirectory(catalog.store_path())};
  const CurvesAttached attached(connection, curves);
  const Statement statement = Compile(connection, sql);
  const int width = sqlite3_column_count(statement.get());
  std::vector<std::string> names;
  names.reserve(static_cast<std::size_t>(width));
  for (int i = 0; i < width; ++i) names.emplace_back(sqlite3_column_name(statement.get(), i));
  if (sink.columns) sink.columns(names);
  std::vector<Cell> row(static_cast<std::size_t>(width));
  int code = SQLITE_OK;
  while ((code = sqlite3_step(statement.get())) == SQLITE_ROW) {
    for (int i = 0; i < width; ++i) row[static_cast<std::size_t>(i)] = CellAt(statement.get(), i);
    if (sink.row) sink.row(row);
  }
  if (curves.failure) std::rethrow_exception(curves.failure);
  if (code != SQLITE_DONE) Reject(sql, sqlite3_errmsg(connection), TablesAndColumns());
}

Result Run(const store::Catalog& catalog, const std::string& sql) {
  Result result;
  Run(catalog, sql,
      {.columns = [&](const std::vector<std::string>& names) { result.columns = names; },
       .row = [&](const std::vector<Cell>& row) { result.rows.push_back(row); }});
  return result;
}

}  // namespace crease::query
