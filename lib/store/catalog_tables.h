// The catalogue's tables, and how a shard's and a sweep file's contents get into them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/store/reader.h"
#include "lib/store/sqlite.h"

namespace crease::store {

// Whether the tables are those that this program makes: their definition's hash is the database's
// user_version, so that a new configuration key needs no version to be raised by hand.
bool HasOurTables(sqlite3* connection);

// Drops every table and makes ours, empty.
void MakeTables(sqlite3* connection);

// Puts shards into the tables. Throws SqliteFault, and Error(kDamaged) for what it cannot read.
class ShardInserter {
 public:
  explicit ShardInserter(sqlite3* connection);

  void Add(const ShardReader& reader, const std::string& name, std::int64_t size_bytes,
           std::int64_t modified_ns);

 private:
  // Whether this copy of the run is to be in the table; removes the other if so.
  bool TakesPrecedence(const std::string& run_id, const std::string& name,
                       const std::string& created_utc);
  void InsertShard(const std::string& name, std::int64_t size_bytes, std::int64_t modified_ns,
                   const std::string& created_utc, std::int64_t runs);
  void InsertTransition(const std::string& run_id, std::int64_t number,
                        const detect::Transition& transition);

  Statement insert_run_, insert_transition_, insert_shard_;
  Statement find_run_, delete_run_, delete_transitions_, count_superseded_;
};

// Paths of the store's sweep files, sorted.
std::vector<std::string> SweepFiles(const std::string& store_path);

// Fills the table of sweeps anew.
void ReadSweeps(sqlite3* connection, const std::string& store_path);

}  // namespace crease::store
