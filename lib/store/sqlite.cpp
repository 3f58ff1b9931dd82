#include "lib/store/sqlite.h"

namespace crease::store {
namespace {

void Check(sqlite3* connection, int code) {
  if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE) return;
  throw SqliteFault(code,
                    connection == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(connection));
}

}  // namespace

Connection OpenDatabase(const std::string& path, int flags) {
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  Connection connection(raw);
  Check(raw, code);
  return connection;
}

Statement::Statement(sqlite3* connection, const std::string& sql) : connection_(connection) {
  sqlite3_stmt* raw = nullptr;
  const int code = sqlite3_prepare_v2(connection, sql.c_str(), -1, &raw, nullptr);
  statement_.reset(raw);
  Check(connection, code);
}

void Statement::Bind(int parameter, const std::string& text) {
  Check(connection_, sqlite3_bind_text64(statement_.get(), parameter + 1, text.data(), text.size(),
                                         SQLITE_TRANSIENT, SQLITE_UTF8));
}

void Statement::Bind(int parameter, std::int64_t value) {
  Check(connection_, sqlite3_bind_int64(statement_.get(), parameter + 1, value));
}

void Statement::Bind(int parameter, double value) {
  Check(connection_, sqlite3_bind_double(statement_.get(), parameter + 1, value));
}

void Statement::BindNull(int parameter) {
  Check(connection_, sqlite3_bind_null(statement_.get(), parameter + 1));
}

bool Statement::Step() {
  const int code = sqlite3_step(statement_.get());
  Check(connection_, code);
  return code == SQLITE_ROW;
}

void Statement::Run() {
  while (Step()) {
  }
  Check(connection_, sqlite3_reset(statement_.get()));
}

std::string Statement::Text(int column) const {
  const unsigned char* text = sqlite3_column_text(statement_.get(), column);
  if (text == nullptr) return "";
  const int bytes = sqlite3_column_bytes(statement_.get(), column);
  return {reinterpret_cast<const char*>(text), static_cast<std::size_t>(bytes)};
}

std::int64_t Statement::Integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

void Execute(sqlite3* connection, const std::string& sql) {
  Check(connection, sqlite3_exec(connection, sql.c_str(), nullptr, nullptr, nullptr));
}

}  // namespace crease::store
