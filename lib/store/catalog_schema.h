// The tables of a store's catalogue, as catalog.h describes them.
#pragma once

#include <string_view>

#include "lib/store/columns.h"
#include "lib/store/sqlite.h"

namespace crease::store {

// Whether a column is kept with the run: not with the cell, once for all its seeds, and not run_id
// or config, which have columns of their own.
bool IsOfRun(const RunColumn& column);

// A configuration's JSON, as it is kept with the cell, has this seed.
inline constexpr std::string_view kSeed = "\"seed\":";
inline constexpr char kCellSeed = '0';

// Whether the tables are those that this program makes: their definition's hash is the database's
// user_version, so that a new configuration key needs no version to be raised by hand.
bool HasOurTables(sqlite3* connection);

// Drops every table and makes ours, empty.
void MakeTables(sqlite3* connection);

}  // namespace crease::store
