// A library to preload (LD_PRELOAD) into a program whose writing is to go wrong: it counts the
// calls that change files below one directory, and lets the one with a chosen number fail, stop
// half-way or be the process's last. Everything is said in environment variables:
//   FAULTY_ROOT    the directory, an absolute path
//   FAULTY_MATCH   only paths that hold this text ("" or unset: all)
//   FAULTY_AT      the number of the call, from 1; 0 or unset: only count
//   FAULTY_DO      an errno (ENOSPC, EIO, EROFS, EINTR), "short" (half is written), "kill" (before
//                  the call), "torn" (half is written, then killed), "killed_after"
//   FAULTY_STAYS   "1": all later calls fail, too, as on a disk that stays full
//   FAULTY_LOG     a file outside of the directory; gets a line a call: its name and path
#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

namespace {

std::string Setting(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? "" : text;
}

struct Settings {
  const std::string root = Setting("FAULTY_ROOT"), match = Setting("FAULTY_MATCH"),
                    what = Setting("FAULTY_DO"), log = Setting("FAULTY_LOG");
  const long at = std::atol(Setting("FAULTY_AT").c_str());
  const bool stays = Setting("FAULTY_STAYS") == "1";
};

const Settings& Chosen() {
  static const Settings settings;
  return settings;
}

template <typename Function>
Function Next(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}
#define NEXT(name) Next<decltype(&::name)>(#name)

void Log(const char* call, const std::string& path) {
  if (Chosen().log.empty()) return;
  static const int descriptor =
      NEXT(open)(Chosen().log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
  const std::string line = std::string(call) + " " + path + "\n";
  static_cast<void>(!NEXT(write)(descriptor, line.data(), line.size()));
}

int ErrnoOf(const std::string& name) {
  if (name == "ENOSPC") return ENOSPC;
  if (name == "EIO") return EIO;
  if (name == "EROFS") return EROFS;
  if (name == "EINTR") return EINTR;
  return 0;
}

enum class Fate { kPass, kFail, kHalf, kHalfThenDie, kDieAfter };

[[noreturn]] void Die() {
  raise(SIGKILL);
  while (true) pause();
}

// Counts the call and says what is to become of it. Sets errno for kFail.
Fate FateOf(const char* call, const std::string& path) {
  static std::atomic<long> calls{0};
  const Settings& chosen = Chosen();
  if (chosen.root.empty() || path.compare(0, chosen.root.size(), chosen.root) != 0 ||
      path.find(chosen.match) == std::string::npos) {
    return Fate::kPass;
  }
  const long number = ++calls;
  Log(call, path);
  if (chosen.at == 0 || number < chosen.at) return Fate::kPass;
  if (number > chosen.at && !(chosen.stays && ErrnoOf(chosen.what) != 0)) return Fate::kPass;
  if (chosen.what == "kill") Die();
  if (chosen.what == "killed_after") return Fate::kDieAfter;
  if (chosen.what == "short") return Fate::kHalf;
  if (chosen.what == "torn") return Fate::kHalfThenDie;
  errno = ErrnoOf(chosen.what);
  return Fate::kFail;
}

std::string PathOf(int descriptor) {
  char path[PATH_MAX];
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  const ssize_t size = readlink(link.c_str(), path, sizeof path);
  return size < 0 ? "" : std::string(path, static_cast<std::size_t>(size));
}

std::string Absolute(const char* path) {
  if (path[0] == '/') return path;
  char here[PATH_MAX];
  return getcwd(here, sizeof here) == nullptr ? path : std::string(here) + "/" + path;
}

template <typename Call>
auto WithFate(const char* name, const std::string& path, const Call& call) -> decltype(call()) {
  const Fate fate = FateOf(name, path);
  if (fate == Fate::kFail) return -1;
  const auto result = call();
  if (fate == Fate::kDieAfter || fate == Fate::kHalfThenDie) Die();
  return result;
}

template <typename Call>
ssize_t Writing(const char* name, int descriptor, std::size_t size, const Call& call) {
  const Fate fate = FateOf(name, PathOf(descriptor));
  if (fate == Fate::kFail) return -1;
  const bool half = fate == Fate::kHalf || fate == Fate::kHalfThenDie;
  const ssize_t result = call(half && size > 1 ? size / 2 : size);
  if (fate == Fate::kDieAfter || fate == Fate::kHalfThenDie) Die();
  return result;
}

template <typename Open>
int Opening(const Open& open, const char* name, const char* path, int flags, mode_t mode) {
  if ((flags & O_CREAT) == 0) return open(path, flags, mode);
  return WithFate(name, Absolute(path), [&] { return open(path, flags, mode); });
}

mode_t ModeOf(int flags, va_list arguments) {
  return (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = ModeOf(flags, arguments);
  va_end(arguments);
  return Opening(NEXT(open), "open", path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = ModeOf(flags, arguments);
  va_end(arguments);
  return Opening(NEXT(open64), "open", path, flags, mode);
}

ssize_t write(int descriptor, const void* bytes, std::size_t size) {
  return Writing("write", descriptor, size,
                 [&](std::size_t part) { return NEXT(write)(descriptor, bytes, part); });
}

ssize_t pwrite(int descriptor, const void* bytes, std::size_t size, off_t at) {
  return Writing("pwrite", descriptor, size,
                 [&](std::size_t part) { return NEXT(pwrite)(descriptor, bytes, part, at); });
}

ssize_t pwrite64(int descriptor, const void* bytes, std::size_t size, off64_t at) {
  return Writing("pwrite", descriptor, size,
                 [&](std::size_t part) { return NEXT(pwrite64)(descriptor, bytes, part, at); });
}

int fsync(int descriptor) {
  return WithFate("fsync", PathOf(descriptor), [&] { return NEXT(fsync)(descriptor); });
}

int fdatasync(int descriptor) {
  return WithFate("fsync", PathOf(descriptor), [&] { return NEXT(fdatasync)(descriptor); });
}

int ftruncate(int descriptor, off_t size) noexcept {
  return WithFate("ftruncate", PathOf(descriptor),
                  [&] { return NEXT(ftruncate)(descriptor, size); });
}

int ftruncate64(int descriptor, off64_t size) noexcept {
  return WithFate("ftruncate", PathOf(descriptor),
                  [&] { return NEXT(ftruncate64)(descriptor, size); });
}

int rename(const char* from, const char* to) noexcept {
  return WithFate("rename", Absolute(to), [&] { return NEXT(rename)(from, to); });
}

int renameat2(int from_directory, const char* from, int to_directory, const char* to,
              unsigned flags) noexcept {
  return WithFate("rename", Absolute(to),
                  [&] { return NEXT(renameat2)(from_directory, from, to_directory, to, flags); });
}

int link(const char* from, const char* to) noexcept {
  return WithFate("link", Absolute(to), [&] { return NEXT(link)(from, to); });
}

int unlink(const char* path) noexcept {
  return WithFate("unlink", Absolute(path), [&] { return NEXT(unlink)(path); });
}

int mkdir(const char* path, mode_t mode) noexcept {
  return WithFate("mkdir", Absolute(path), [&] { return NEXT(mkdir)(path, mode); });
}

}  // extern "C"
