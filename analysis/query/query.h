// In: SQL over a store's catalogue. Out: columns and rows of typed values.
//
// The language is SQLite's; the tables are those of store::Catalog and `curves` (curves_table.h).
// Nothing can be written.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "lib/store/catalog.h"

namespace crease::query {

// NULL, INTEGER, REAL, TEXT. Blobs come as text of hexadecimal digits.
using Cell = std::variant<std::monostate, std::int64_t, double, std::string>;

struct RowSink {
  std::function<void(const std::vector<std::string>& names)> columns;  // once, before any row
  std::function<void(const std::vector<Cell>& row)> row;
};

// Runs one statement and hands over its rows as they come. Throws Error(kInput), with the statement
// and SQLite's message, for what SQLite rejects, for more than one statement, and for everything
// that is no question: statements that write, attach files or change settings.
void Run(const store::Catalog& catalog, const std::string& sql, const RowSink& sink);

struct Result {
  std::vector<std::string> columns;
  std::vector<std::vector<Cell>> rows;
};

// The same, with all rows in memory.
Result Run(const store::Catalog& catalog, const std::string& sql);

}  // namespace crease::query
