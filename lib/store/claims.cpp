#include "lib/store/claims.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <filesystem>
#include <optional>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <tuple>
#include <unistd.h>
#include <utility>

#include "lib/core/error.h"
#include "lib/core/hash.h"
#include "lib/store/layout.h"

namespace crease::store {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuffix = ".claims";

// The ids, one a line, and the hash of these lines.
std::string AsText(const std::vector<std::string>& run_ids) {
  std::string text;
  for (const std::string& id : run_ids) text += id + "\n";
  return text + HexDigestOf(text) + "\n";
}

std::optional<std::vector<std::string>> FromText(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t begin = 0, last = 0;
  for (std::size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    last = begin;
    lines.push_back(text.substr(begin, end - begin));
  }
  if (lines.empty() || lines.back() != HexDigestOf(std::string_view(text).substr(0, last))) {
    return std::nullopt;
  }
  lines.pop_back();
  return lines;
}

// Of "<host>-<process>-<number>.claims"; hosts' names have no hyphen (HostName()).
std::optional<Claim> OwnerOf(const std::string& file_name) {
  if (!file_name.ends_with(kSuffix)) return std::nullopt;
  const std::size_t first = file_name.find('-');
  if (first == std::string::npos) return std::nullopt;
  Claim claim;
  claim.host = file_name.substr(0, first);
  const char* const end = file_name.data() + file_name.size();
  const auto [at, fault] = std::from_chars(file_name.data() + first + 1, end, claim.process);
  if (fault != std::errc() || at == end || *at != '-') return std::nullopt;
  return claim;
}

bool IsHeld(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool held = flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  close(descriptor);
  return held;
}

// Whether `path` still names the file that is open.
bool Names(const std::string& path, int descriptor) {
  struct stat named {
  }, opened{};
  return stat(path.c_str(), &named) == 0 && fstat(descriptor, &opened) == 0 &&
         named.st_dev == opened.st_dev && named.st_ino == opened.st_ino;
}

void WaitForLock(int descriptor) {
  while (flock(descriptor, LOCK_EX) != 0 && errno == EINTR) {
  }
}

}  // namespace

ClaimsLock::ClaimsLock(const std::string& store_path)
    : directory_(TemporaryDirectory(store_path)), path_(directory_ + "/claims.lock") {
  // Whoever has the lock removes the file when done, so the one that was waited for may be gone.
  while (true) {
    descriptor_ = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (descriptor_ < 0) throw SystemErrorFromErrno(path_, "cannot create the file", errno);
    WaitForLock(descriptor_);
    if (Names(path_, descriptor_)) return;
    close(descriptor_);
  }
}

ClaimsLock::~ClaimsLock() {
  unlink(path_.c_str());
  close(descriptor_);
}

std::vector<Claim> ClaimsLock::ReadClaims() const {
  std::vector<Claim> claims;
  std::error_code error;
  for (fs::directory_iterator entry(directory_, error), end; !error && entry != end;
       entry.increment(error)) {
    std::optional<Claim> claim = OwnerOf(entry->path().filename().string());
    if (!claim || !IsHeld(entry->path().string())) continue;
    try {
      std::optional<std::vector<std::string>> ids = FromText(ReadFile(entry->path().string()));
      if (!ids) continue;
      claim->run_ids = std::move(*ids);
      claims.push_back(std::move(*claim));
    } catch (const Error&) {
      continue;  // its process has ended, or it is not ours to read
    }
  }
  std::sort(claims.begin(), claims.end(), [](const Claim& a, const Claim& b) {
    return std::tie(a.host, a.process) < std::tie(b.host, b.process);
  });
  return claims;
}

std::unique_ptr<TemporaryFile> ClaimsLock::Take(std::vector<std::string> run_ids) const {
  std::sort(run_ids.begin(), run_ids.end());
  auto file = std::make_unique<TemporaryFile>(directory_, kSuffix);
  file->Write(AsText(run_ids));
  file->Sync();  // hosts that share the file system see it from now on
  return file;
}

}  // namespace crease::store
