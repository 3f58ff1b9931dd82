// How a shard's and a sweep file's contents get into the catalogue's tables.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/store/columns.h"
#include "lib/store/reader.h"
#include "lib/store/sqlite.h"

namespace crease::store {

// By RunColumns(): the values of a shard's runs, where it has the column.
using RunTable = std::vector<std::optional<ColumnValues>>;

// Puts shards into the tables. Throws SqliteFault, and Error(kDamaged) for what it cannot read.
class ShardInserter {
 public:
  explicit ShardInserter(sqlite3* connection);

  void Add(const ShardReader& reader, const std::string& name, std::int64_t size_bytes,
           std::int64_t modified_ns);

 private:
  struct RunPlace {
    std::int64_t shard, row, cell, transitions;
  };
  // The number of a cell's row, made if it is new. config: with kCellSeed.
  std::int64_t CellOf(const std::string& sweep, const std::string& record,
                      const std::string& config, const RunTable& table, std::size_t row);
  // False if the run is there already.
  bool InsertRun(const std::string& run_id, const RunPlace& place, const RunTable& table);
  // Of a run that is there: whether this copy is to take its place; removes it if so. The other of
  // the two is noted as superseded.
  struct Copy {
    std::string run_id, digest;
    std::int64_t shard;
    std::string name, created_utc;
  };
  bool TakesPrecedence(const Copy& copy);
  std::int64_t InsertShard(const ShardReader& reader, const std::string& name,
                           std::int64_t size_bytes, std::int64_t modified_ns);
  void InsertTransition(const std::string& run_id, std::int64_t number,
                        const detect::Transition& transition);

  sqlite3* connection_;
  Statement insert_cell_, find_cell_, insert_run_, insert_transition_, insert_shard_;
  Statement find_run_, delete_run_, delete_transitions_, count_superseded_, insert_superseded_;
};

// Paths of the store's sweep files, sorted.
std::vector<std::string> SweepFiles(const std::string& store_path);

// Fills the table of sweeps anew.
void ReadSweeps(sqlite3* connection, const std::string& store_path);

}  // namespace crease::store
