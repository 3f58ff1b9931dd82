// Where things are in a store directory.
#pragma once

#include <string>
#include <vector>

#include "lib/store/status.h"  // the files of DIR/status

namespace crease::store {

std::string ShardsDirectory(const std::string& store_path);
std::string SweepsDirectory(const std::string& store_path);
std::string StatusDirectory(const std::string& store_path);
std::string CheckpointsDirectory(const std::string& store_path);
std::string TemporaryDirectory(const std::string& store_path);
std::string CatalogPath(const std::string& store_path);
std::string DamagedDirectory(const std::string& store_path);  // made when it is needed

// What to do about a damaged file, which may be a shard of a store.
std::string DamageRemedy(const std::string& path);

// Throws Error(kInput), with the remedy, if the path is there but neither a store nor a directory
// that can become one: an empty one, but for hidden files.
void RequireStoreOrPlaceForOne(const std::string& store_path);

// Makes what is missing of a store's directories. Throws Error(kInput) as above, and
// Error(kSystem) if the system refuses.
void CreateStore(const std::string& store_path);

bool IsStore(const std::string& store_path);
// Throws Error(kInput), with the remedy, unless it is one.
void RequireStore(const std::string& store_path);

// Keeps a sweep file: sweeps/NAME.toml, verbatim, and its overrides ("key=value", if any) beside
// it in NAME.set, one a line. A different text of that name goes to sweeps/history first.
// Requires: `name` is made of letters, digits, - and _. Throws Error(kSystem).
void SaveSweepFile(const std::string& store_path, const std::string& name, const std::string& text,
                   const std::vector<std::string>& overrides);

}  // namespace crease::store
