#include "lib/store/files.h"

#include <array>
#include <atomic>
#include <cctype>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <system_error>
#include <unistd.h>

#include "lib/core/error.h"

namespace crease::store {
namespace {

namespace fs = std::filesystem;

// Whether the lock is ours now. A file system without locks counts as locked: whether the owner
// is alive is then judged by its process alone.
bool TryLock(int descriptor) {
  return flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

bool ProcessLives(pid_t process) { return kill(process, 0) == 0 || errno == EPERM; }

// The process in "<host>-<process>-<number>...", or 0 if the name is none of this host's.
pid_t ProcessOf(const std::string& name) {
  const std::string prefix = HostName() + "-";
  if (name.compare(0, prefix.size(), prefix) != 0) return 0;
  char* end = nullptr;
  const long process = std::strtol(name.c_str() + prefix.size(), &end, 10);
  return *end == '-' && process > 0 ? static_cast<pid_t>(process) : 0;
}

void RemoveIfStale(const fs::path& path) {
  const pid_t process = ProcessOf(path.filename().string());
  if (process == 0) return;
  const int descriptor = open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (descriptor < 0) return;
  const bool locked = flock(descriptor, LOCK_EX | LOCK_NB) == 0;
  const bool no_locks = !locked && errno != EWOULDBLOCK;
  if (locked || (no_locks && !ProcessLives(process))) unlink(path.c_str());
  close(descriptor);
}

// Renames unless `to` exists (EEXIST). File systems differ in which way they support.
int RenameNew(const char* from, const char* to) {
  if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return 0;
  if (errno == EEXIST) return EEXIST;
  if (link(from, to) == 0) {
    unlink(from);
    return 0;
  }
  if (errno == EEXIST) return EEXIST;
  if (access(to, F_OK) == 0) return EEXIST;
  return rename(from, to) == 0 ? 0 : errno;
}

std::string UtcText(std::time_t seconds, int milliseconds) {
  struct tm utc {};
  gmtime_r(&seconds, &utc);
  std::array<char, 32> date{};
  std::strftime(date.data(), date.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%s.%03dZ", date.data(), milliseconds);
  return text.data();
}

}  // namespace

TemporaryFile::TemporaryFile(const std::string& directory, std::string_view suffix) {
  static std::atomic<unsigned> next_number{0};
  while (true) {
    path_ = directory + "/" + HostName() + "-" + std::to_string(getpid()) + "-" +
            std::to_string(next_number++) + std::string(suffix);
    descriptor_ = open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor_ < 0) {
      if (errno == EEXIST) continue;
      throw SystemErrorFromErrno(path_, "cannot create the file", errno);
    }
    // Between creation and lock another process may take the file for an abandoned one.
    struct stat status {};
    if (TryLock(descriptor_) && fstat(descriptor_, &status) == 0 && status.st_nlink > 0) return;
    close(descriptor_);
    unlink(path_.c_str());
  }
}

TemporaryFile::~TemporaryFile() {
  if (!published_) unlink(path_.c_str());
  if (descriptor_ >= 0) close(descriptor_);
}

void TemporaryFile::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw SystemErrorFromErrno(path_, "cannot write", errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void TemporaryFile::Sync() {
  if (fsync(descriptor_) != 0) throw SystemErrorFromErrno(path_, "cannot write", errno);
}

bool TemporaryFile::Publish(const std::string& final_path, bool replace) {
  const int error = replace ? (rename(path_.c_str(), final_path.c_str()) == 0 ? 0 : errno)
                            : RenameNew(path_.c_str(), final_path.c_str());
  if (error == EEXIST && !replace) return false;
  if (error != 0) throw SystemErrorFromErrno(final_path, "cannot give the file its name", error);
  published_ = true;
  return true;
}

void RemoveStaleTemporaries(const std::string& directory) {
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    RemoveIfStale(entry->path());
  }
}

void AtomicWriteFile(const std::string& path, std::string_view text,
                     const std::string& temporary_directory, bool durable) {
  TemporaryFile file(temporary_directory, ".tmp");
  file.Write(text);
  if (durable) file.Sync();
  file.Publish(path, true);
  if (durable) SyncDirectory(fs::path(path).parent_path().string());
}

std::string ReadFile(const std::string& path) {
  errno = 0;
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw SystemErrorFromErrno(path, "cannot read the file", errno);
  std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  if (stream.bad()) throw SystemErrorFromErrno(path, "cannot read the file", errno);
  return text;
}

void SyncDirectory(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) throw SystemErrorFromErrno(path, "cannot open the directory", errno);
  // Some file systems cannot sync a directory and say EINVAL; they have nothing to lose.
  const int error = fsync(descriptor) == 0 || errno == EINVAL ? 0 : errno;
  close(descriptor);
  if (error != 0) throw SystemErrorFromErrno(path, "cannot write the directory", error);
}

std::string HostName() {
  std::array<char, 256> buffer{};
  if (gethostname(buffer.data(), buffer.size() - 1) != 0 || buffer[0] == '\0') return "localhost";
  std::string name(buffer.data());
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '.' && c != '_') c = '_';
  }
  return name;
}

std::string UtcNow() {
  struct timeval now {};
  gettimeofday(&now, nullptr);
  return UtcText(now.tv_sec, static_cast<int>(now.tv_usec / 1000));
}

std::string UtcNowAfter(const std::string& earlier) {
  std::string now = UtcNow();
  struct tm utc {};
  const char* const point = strptime(earlier.c_str(), "%Y-%m-%dT%H:%M:%S", &utc);
  if (point == nullptr || *point != '.' || now > earlier) return now;
  const int milliseconds = std::atoi(point + 1) + 1;
  return UtcText(timegm(&utc) + milliseconds / 1000, milliseconds % 1000);
}

}  // namespace crease::store
