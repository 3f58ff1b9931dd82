#include "lib/store/layout.h"

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

void CreateStore(const std::string& store_path) {
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
