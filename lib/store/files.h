// Files that appear complete or not at all.
#pragma once

#include <string>
#include <string_view>

namespace crease::store {

// A file under a name that nobody looks at, until Publish() gives it its own. Its owner holds a
// lock on it (flock), so that others can tell whether it is still being written. Removed on
// destruction unless published. All members throw Error(kSystem).
class TemporaryFile {
 public:
  // Creates DIRECTORY/<host>-<process>-<number><suffix>.
  TemporaryFile(const std::string& directory, std::string_view suffix);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  int descriptor() const { return descriptor_; }
  const std::string& path() const { return path_; }

  void Write(std::string_view bytes);
  void Sync();

  // Gives the file its final name, on the same file system. With `replace`, a file of that name
  // is replaced; without, false is returned if there is one.
  bool Publish(const std::string& final_path, bool replace);

 private:
  std::string path_;
  int descriptor_ = -1;
  bool published_ = false;
};

// Removes the temporary files that processes of this host, now dead, left in `directory`.
void RemoveStaleTemporaries(const std::string& directory);

// Replaces the file `path` by `text` in one step; readers see the old text or the new. The
// temporary file is made in `temporary_directory` (same file system). `durable`: survives a
// power failure.
void AtomicWriteFile(const std::string& path, std::string_view text,
                     const std::string& temporary_directory, bool durable = true);

std::string ReadFile(const std::string& path);  // throws Error(kSystem)

// Makes names in a directory durable.
void SyncDirectory(const std::string& path);

// This machine's name, with characters that do not belong in file names replaced.
std::string HostName();

// The time of day, as 2026-11-23T06:47:13.250Z.
std::string UtcNow();
// That, or a millisecond after `earlier` (in the same form; anything else is ignored) if the clock
// has gone back since.
std::string UtcNowAfter(const std::string& earlier);

}  // namespace crease::store
