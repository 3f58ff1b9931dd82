#include "lib/store/layout.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>

#include "lib/core/error.h"
#include "lib/core/hash.h"
#include "lib/store/files.h"

namespace crease::store {
namespace {

namespace fs = std::filesystem;

void MakeDirectory(const std::string& path) {
  std::error_code error, ignored;
  fs::create_directories(path, error);
  if (fs::is_directory(path, ignored)) return;
  if (fs::exists(path, ignored)) {
    throw InputError(path, "is a file, not a directory", "name another directory for the store");
  }
  throw SystemErrorFromErrno(path, "cannot make the directory", error.value());
}

// The names of what CreateStore makes, before shards/ makes it a store, and of what the root of a
// file system may hold.
bool MayBeInNewStore(const std::string& name) {
  constexpr std::array kNames = {"sweeps", "status", "checkpoints", "tmp", "lost+found"};
  return name.starts_with('.') || std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

void KeepOlder(const std::string& store_path, const std::string& name, const std::string& suffix) {
  const std::string current = SweepsDirectory(store_path) + "/" + name + suffix;
  const std::string text = ReadFile(current);
  const std::string history = SweepsDirectory(store_path) + "/history";
  MakeDirectory(history);
  AtomicWriteFile(history + "/" + name + "-" + HexDigestOf(text).substr(0, 8) + suffix, text,
                  TemporaryDirectory(store_path));
}

void Save(const std::string& store_path, const std::string& name, const std::string& suffix,
          const std::string& text) {
  const std::string path = SweepsDirectory(store_path) + "/" + name + suffix;
  if (fs::exists(path)) {
    if (ReadFile(path) == text) return;
    KeepOlder(store_path, name, suffix);
  }
  AtomicWriteFile(path, text, TemporaryDirectory(store_path));
}

}  // namespace

std::string ShardsDirectory(const std::string& store_path) { return store_path + "/shards"; }
std::string SweepsDirectory(const std::string& store_path) { return store_path + "/sweeps"; }
std::string StatusDirectory(const std::string& store_path) { return store_path + "/status"; }
std::string CheckpointsDirectory(const std::string& store_path) {
  return store_path + "/checkpoints";
}
std::string TemporaryDirectory(const std::string& store_path) { return store_path + "/tmp"; }
std::string CatalogPath(const std::string& store_path) { return store_path + "/catalog.sqlite"; }
std::string DamagedDirectory(const std::string& store_path) { return store_path + "/damaged"; }

std::string DamageRemedy(const std::string& path) {
  const std::string shards = fs::path(path).parent_path().string();
  const std::string store = fs::path(shards).parent_path().string();
  if (store.empty() || shards != ShardsDirectory(store)) {
    return "copy the file again from where it came";
  }
  return "copy the shard again from where it came; or move it aside by `crease verify " + store +
         " --repair`, after which `crease run` trains its runs again";
}

void RequireStoreOrPlaceForOne(const std::string& store_path) {
  std::error_code error;
  if (IsStore(store_path) || !fs::exists(store_path, error)) return;
  if (!fs::is_directory(store_path, error)) {
    throw InputError(store_path, "is a file, not a directory", "name another path for the store");
  }
  for (fs::directory_iterator entry(store_path, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (MayBeInNewStore(name)) continue;
    if (IsStore(store_path)) return;  // another process has just made it
    throw InputError(store_path, "is no store, and not empty: it has " + name,
                     "name a store, an empty directory, or one that is not there yet");
  }
}

void CreateStore(const std::string& store_path) {
  RequireStoreOrPlaceForOne(store_path);
  MakeDirectory(store_path);
  for (const std::string& directory :
       {SweepsDirectory(store_path), StatusDirectory(store_path), CheckpointsDirectory(store_path),
        TemporaryDirectory(store_path), ShardsDirectory(store_path)}) {
    MakeDirectory(directory);
  }
}

bool IsStore(const std::string& store_path) {
  std::error_code error;
  return fs::is_directory(ShardsDirectory(store_path), error);
}

void RequireStore(const std::string& store_path) {
  if (IsStore(store_path)) return;
  std::error_code error;
  if (!fs::exists(store_path, error)) {
    throw InputError(store_path, "there is no such store",
                     "check the path, or make one: crease run SWEEP.toml --store " + store_path);
  }
  throw InputError(store_path, "is no store: it has no directory shards/",
                   "name the directory that was given to crease run --store");
}

void SaveSweepFile(const std::string& store_path, const std::string& name, const std::string& text,
                   const std::vector<std::string>& overrides) {
  Save(store_path, name, ".toml", text);
  std::string lines;
  for (const std::string& entry : overrides) lines += entry + "\n";
  if (!lines.empty() || fs::exists(SweepsDirectory(store_path) + "/" + name + ".set")) {
    Save(store_path, name, ".set", lines);
  }
}

}  // namespace crease::store
