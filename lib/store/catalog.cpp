#include "lib/store/catalog.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "lib/core/error.h"
#include "lib/store/catalog_update.h"
#include "lib/store/layout.h"
#include "lib/store/sqlite.h"

namespace crease::store {
namespace {

namespace fs = std::filesystem;

// Another process may be reading many shards into the same catalogue.
constexpr int kBusyTimeoutMilliseconds = 60'000;
// Larger catalogues are not searched for damage at every start.
constexpr std::uintmax_t kCheckedBytes = 32u << 20;

constexpr const char* kRemedy =
    "delete the store's catalog.sqlite*; it is made again from the shards";

struct Opened {
  Connection connection;
  CatalogDamage damage;
};

bool IsSound(sqlite3* connection, const std::string& path) {
  std::error_code error;
  if (fs::file_size(path, error) > kCheckedBytes || error) return true;
  Statement check(connection, "PRAGMA quick_check(1)");
  return check.Step() && check.Text(0) == "ok";
}

Opened OpenFile(const std::string& store_path) {
  const std::string path = CatalogPath(store_path);
  Opened opened;
  opened.connection = OpenDatabase(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  sqlite3* connection = opened.connection.get();
  sqlite3_busy_timeout(connection, kBusyTimeoutMilliseconds);
  // No write-ahead log: it needs shared memory, which network file systems lack.
  Statement(connection, "PRAGMA journal_mode = DELETE").Run();
  // Run ids come in no order: an index of 10^5 of them should stay in memory while it grows.
  Execute(connection, "PRAGMA cache_size = -65536");
  if (!IsSound(connection, path)) throw SqliteFault(SQLITE_CORRUPT, "fails its check");
  opened.damage = UpdateCatalog(connection, store_path);
  return opened;
}

Opened OpenInMemory(const std::string& store_path) {
  Opened opened;
  opened.connection = OpenDatabase(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  opened.damage = UpdateCatalog(opened.connection.get(), store_path);
  return opened;
}

// The catalogue is derived: whatever keeps its file from serving, another one can be made.
Opened Open(const std::string& store_path) {
  try {
    return OpenFile(store_path);
  } catch (const SqliteFault& fault) {
    if (fault.code() != SQLITE_CORRUPT && fault.code() != SQLITE_NOTADB) {
      return OpenInMemory(store_path);
    }
  }
  for (const char* suffix : {"", "-journal", "-wal", "-shm"}) {
    std::error_code ignored;
    fs::remove(CatalogPath(store_path) + suffix, ignored);
  }
  try {
    return OpenFile(store_path);
  } catch (const SqliteFault&) {
    return OpenInMemory(store_path);
  }
}

}  // namespace

struct Catalog::State {
  std::string store_path;
  Connection connection;
  std::vector<std::string> damaged;
};

Catalog::Catalog(const std::string& store_path, OnDamage on_damage)
    : state_(std::make_unique<State>()) {
  RequireStore(store_path);
  state_->store_path = store_path;
  try {
    Opened opened = Open(store_path);
    if (opened.damage.first && on_damage == OnDamage::kThrow) throw *opened.damage.first;
    Execute(opened.connection.get(), "PRAGMA query_only = 1");
    state_->connection = std::move(opened.connection);
    state_->damaged = std::move(opened.damage.messages);
  } catch (const SqliteFault& fault) {
    throw SystemError(CatalogPath(store_path),
                      std::string("SQLite cannot make the catalogue: ") + fault.what(), "");
  }
}

Catalog::~Catalog() = default;
Catalog::Catalog(Catalog&&) noexcept = default;
Catalog& Catalog::operator=(Catalog&&) noexcept = default;

const std::string& Catalog::store_path() const { return state_->store_path; }

sqlite3* Catalog::connection() const { return state_->connection.get(); }

const std::vector<std::string>& Catalog::damaged() const { return state_->damaged; }

std::set<std::string> Catalog::RunIds() const {
  try {
    std::set<std::string> ids;
    Statement select(connection(), "SELECT run_id FROM run_rows ORDER BY run_id");
    while (select.Step()) ids.insert(ids.end(), select.Text(0));
    return ids;
  } catch (const SqliteFault& fault) {
    throw DamagedError("catalog.sqlite", fault.what(), kRemedy);
  }
}

std::string Catalog::NewestShardUtc() const {
  try {
    Statement select(connection(), "SELECT max(created_utc) FROM shards");
    return select.Step() ? select.Text(0) : "";
  } catch (const SqliteFault& fault) {
    throw DamagedError("catalog.sqlite", fault.what(), kRemedy);
  }
}

}  // namespace crease::store
