#include "lib/store/catalog_update.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <filesystem>
#include <map>
#include <sys/stat.h>
#include <system_error>
#include <utility>

#include "lib/core/hash.h"
#include "lib/store/catalog_schema.h"
#include "lib/store/catalog_tables.h"
#include "lib/store/copies.h"
#include "lib/store/files.h"
#include "lib/store/layout.h"
#include "lib/store/reader.h"

namespace crease::store {
namespace {

namespace fs = std::filesystem;

struct FileStamp {
  std::int64_t size_bytes = 0, modified_ns = 0;
  bool operator==(const FileStamp&) const = default;
};
using Stamps = std::map<std::string, FileStamp>;  // by file name

std::optional<FileStamp> StampOf(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return std::nullopt;
  return FileStamp{status.st_size,
                   status.st_mtim.tv_sec * std::int64_t{1'000'000'000} + status.st_mtim.tv_nsec};
}

Stamps ShardsOnDisk(const std::string& store_path) {
  Stamps stamps;
  for (const std::string& path : ListShards(store_path)) {
    if (const auto stamp = StampOf(path)) stamps[fs::path(path).filename().string()] = *stamp;
  }
  return stamps;
}

Stamps ShardsKnown(sqlite3* connection) {
  Stamps stamps;
  Statement select(connection, "SELECT name, size_bytes, modified_ns FROM shards");
  while (select.Step()) stamps[select.Text(0)] = {select.Integer(1), select.Integer(2)};
  return stamps;
}

// The sweep files' names, sizes and times: equal if nothing changed.
std::string SweepsSignature(const std::string& store_path) {
  std::string signature;
  for (const std::string& path : SweepFiles(store_path)) {
    if (const auto stamp = StampOf(path)) {
      signature += path + ":" + std::to_string(stamp->size_bytes) + ":" +
                   std::to_string(stamp->modified_ns) + "\n";
    }
  }
  return HexDigestOf(signature);
}

std::string KnownSweepsSignature(sqlite3* connection) {
  Statement select(connection, "SELECT value FROM meta WHERE key = 'sweeps'");
  return select.Step() ? select.Text(0) : "";
}

bool IsUpToDate(sqlite3* connection, const std::string& store_path) {
  return HasOurTables(connection) && ShardsKnown(connection) == ShardsOnDisk(store_path) &&
         KnownSweepsSignature(connection) == SweepsSignature(store_path);
}

void Forget(sqlite3* connection, const std::string& shard) {
  for (const char* sql :
       {"DELETE FROM superseded WHERE shard = (SELECT number FROM shards WHERE name = ?)",
        "DELETE FROM transitions WHERE run_id IN (SELECT run_id FROM run_rows"
        " WHERE shard = (SELECT number FROM shards WHERE name = ?))",
        "DELETE FROM run_rows WHERE shard = (SELECT number FROM shards WHERE name = ?)",
        "DELETE FROM shards WHERE name = ?"}) {
    Statement statement(connection, sql);
    statement.Bind(0, shard);
    statement.Run();
  }
}

// A shard that is gone may have held the better copy of a run, so those with other copies are
// read again.
void ForgetGone(sqlite3* connection, const Stamps& known, const Stamps& on_disk) {
  bool any = false;
  for (const auto& [name, stamp] : known) {
    const auto found = on_disk.find(name);
    if (found != on_disk.end() && found->second == stamp) continue;
    Forget(connection, name);
    any = true;
  }
  if (!any) return;
  std::vector<std::string> with_copies;
  Statement select(connection, "SELECT name FROM shards WHERE superseded_runs > 0");
  while (select.Step()) with_copies.push_back(select.Text(0));
  for (const std::string& name : with_copies) Forget(connection, name);
}

void AddShards(sqlite3* connection, const std::string& store_path, const Stamps& on_disk,
               CatalogDamage& damage) {
  ShardInserter inserter(connection);
  const Stamps known = ShardsKnown(connection);
  for (const auto& [name, stamp] : on_disk) {
    if (known.count(name) != 0) continue;
    Execute(connection, "SAVEPOINT shard");
    try {
      const ShardReader reader(ShardsDirectory(store_path) + "/" + name);
      inserter.Add(reader, name, stamp.size_bytes, stamp.modified_ns);
    } catch (const Error& error) {
      if (error.fault() != Fault::kDamaged) throw;
      Execute(connection, "ROLLBACK TO shard");
      damage.messages.emplace_back(error.what());
      if (!damage.first) damage.first = error;
    }
    Execute(connection, "RELEASE shard");
  }
}

// All copies of the runs of which two differ in their digest, by run.
std::map<std::string, std::vector<RunCopy>> DifferingCopies(sqlite3* connection) {
  std::map<std::string, std::vector<RunCopy>> copies;
  Statement select(connection,
                   "WITH differing AS (SELECT DISTINCT s.run_id AS run_id FROM superseded s"
                   " JOIN run_rows r ON r.run_id = s.run_id WHERE s.digest <> r.digest)"
                   " SELECT c.run_id, c.digest, shards.name, shards.created_utc,"
                   " shards.replaces_runs FROM (SELECT run_id, shard, digest FROM superseded"
                   " UNION ALL SELECT run_id, shard, digest FROM run_rows) c"
                   " JOIN differing ON differing.run_id = c.run_id"
                   " JOIN shards ON shards.number = c.shard");
  while (select.Step()) {
    RunCopy copy;
    copy.run_id = select.Text(0);
    copy.digest = select.Text(1);
    copy.shard = select.Text(2);
    copy.created_utc = select.Text(3);
    copy.replaces = select.Integer(4) != 0;
    copies[copy.run_id].push_back(copy);
  }
  return copies;
}

void FindConflicts(sqlite3* connection, const std::string& store_path, CatalogDamage& damage) {
  std::string first, what;
  std::size_t count = 0;
  for (const auto& [id, copies] : DifferingCopies(connection)) {
    const std::vector<std::size_t> conflicting = ConflictingCopies(copies);
    if (conflicting.empty() || count++ > 0) continue;
    first = id;
    what = DescribeConflict(copies[CountingCopies(copies).front()], copies[conflicting.front()]);
  }
  if (count == 0) return;
  if (count > 1) what += "; " + std::to_string(count - 1) + " more runs like this";
  const Error error =
      DamagedError("run " + first, what,
                   "`crease verify " + store_path +
                       " --repair` trains such runs again and moves aside the shards that hold "
                       "another result");
  damage.messages.emplace_back(error.what());
  if (!damage.first) damage.first = error;
}

void Update(sqlite3* connection, const std::string& store_path, CatalogDamage& damage) {
  Execute(connection, "BEGIN IMMEDIATE");
  try {
    if (!HasOurTables(connection)) MakeTables(connection);
    const Stamps on_disk = ShardsOnDisk(store_path);
    ForgetGone(connection, ShardsKnown(connection), on_disk);
    AddShards(connection, store_path, on_disk, damage);
    const std::string signature = SweepsSignature(store_path);
    if (KnownSweepsSignature(connection) != signature) {
      ReadSweeps(connection, store_path);
      Statement statement(connection, "INSERT OR REPLACE INTO meta VALUES ('sweeps', ?)");
      statement.Bind(0, signature);
      statement.Run();
    }
    Execute(connection, "COMMIT");
  } catch (...) {
    sqlite3_exec(connection, "ROLLBACK", nullptr, nullptr, nullptr);
    throw;
  }
}

}  // namespace

CatalogDamage UpdateCatalog(sqlite3* connection, const std::string& store_path) {
  CatalogDamage damage;
  if (!IsUpToDate(connection, store_path)) Update(connection, store_path, damage);
  FindConflicts(connection, store_path, damage);
  return damage;
}

}  // namespace crease::store
