// SQLite's connections and statements, closing themselves.
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

#include <sqlite3.h>

namespace crease::store {

// What SQLite refused, with its result code. Never leaves lib/store.
class SqliteFault : public std::runtime_error {
 public:
  SqliteFault(int code, const std::string& message) : std::runtime_error(message), code_(code) {}
  int code() const { return code_ & 0xff; }

 private:
  int code_;
};

struct CloseConnection {
  void operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }
};
using Connection = std::unique_ptr<sqlite3, CloseConnection>;

// ":memory:" for a database of its own. For one thread at a time. Throws SqliteFault.
Connection OpenDatabase(const std::string& path, int flags);

// One statement; parameters and columns count from 0. All members throw SqliteFault.
class Statement {
 public:
  Statement(sqlite3* connection, const std::string& sql);

  void Bind(int parameter, const std::string& text);
  void Bind(int parameter, std::int64_t value);
  void Bind(int parameter, double value);  // NaN as NULL
  void BindNull(int parameter);
  bool Step();  // whether there is a row
  void Run();   // steps to the end and makes ready to run again

  std::string Text(int column) const;
  std::int64_t Integer(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  sqlite3* connection_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

// Statements without results. Throws SqliteFault.
void Execute(sqlite3* connection, const std::string& sql);

}  // namespace crease::store
