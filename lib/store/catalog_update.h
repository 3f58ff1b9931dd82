// Keeps the catalogue's tables in step with the files of a store.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/core/error.h"
#include "lib/store/sqlite.h"

namespace crease::store {

struct CatalogDamage {
  std::vector<std::string> messages;  // one a shard that cannot be read, one for copies that differ
  std::optional<Error> first;
};

// Reads the shards and sweep files that are new or changed, and drops those that are gone, in one
// transaction; makes the tables anew if they are not those of this program. Writes nothing if
// nothing changed. Throws SqliteFault, and Error(kSystem) if files cannot be read.
CatalogDamage UpdateCatalog(sqlite3* connection, const std::string& store_path);

}  // namespace crease::store
