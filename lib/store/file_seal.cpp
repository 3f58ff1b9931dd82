#include "lib/store/file_seal.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <string_view>
#include <sys/types.h>
#include <unistd.h>
#include <vector>

#include "lib/core/error.h"
#include "lib/core/hash.h"

namespace crease::store {
namespace {

// Fits a core's own cache, so that hashing finds it there.
constexpr std::size_t kBlockBytes = 256u << 10;

// How many of `size` bytes there are from `offset` on.
std::size_t ReadAt(int descriptor, const std::string& path, std::uint64_t offset, std::size_t size,
                   char* to) {
  std::size_t done = 0;
  while (done < size) {
    const ssize_t count =
        pread(descriptor, to + done, size - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw SystemErrorFromErrno(path, "cannot read the file", errno);
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  return done;
}

std::string SealText(const std::string& digest, std::uint64_t bytes) {
  std::array<char, kSealBytes + 1> text{};
  std::snprintf(text.data(), text.size(), "%s %s %020llu\n", kSealWord, digest.c_str(),
                static_cast<unsigned long long>(bytes));
  return text.data();
}

}  // namespace

std::optional<FileSeal> ReadSeal(int descriptor, const std::string& path,
                                 std::uint64_t file_bytes) {
  if (file_bytes < kSealBytes) return std::nullopt;
  std::string text(kSealBytes, '\0');
  if (ReadAt(descriptor, path, file_bytes - kSealBytes, kSealBytes, text.data()) < kSealBytes) {
    return std::nullopt;
  }
  FileSeal seal{text.substr(sizeof kSealWord, 32), file_bytes - kSealBytes};
  if (text != SealText(seal.digest, seal.bytes)) return std::nullopt;
  return seal;
}

std::string DigestOfFile(int descriptor, const std::string& path, std::uint64_t bytes,
                         const OnBytesRead& on_read) {
  std::vector<char> block(kBlockBytes);
  Hasher hasher;
  for (std::uint64_t done = 0; done < bytes;) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(kBlockBytes, bytes - done));
    if (ReadAt(descriptor, path, done, size, block.data()) < size) return "";
    hasher.Add(block.data(), size);
    if (on_read && !on_read(size)) return "";
    done += size;
  }
  return hasher.HexDigest();
}

void AppendSeal(int descriptor, const std::string& path, std::uint64_t bytes) {
  const std::string digest = DigestOfFile(descriptor, path, bytes);
  if (digest.empty()) throw SystemError(path, "is shorter than what was written to it", "");
  const std::string text = SealText(digest, bytes);
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto at = static_cast<off_t>(bytes + (text.size() - rest.size()));
    const ssize_t count = pwrite(descriptor, rest.data(), rest.size(), at);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw SystemErrorFromErrno(path, "cannot write", errno);
    rest.remove_prefix(static_cast<std::size_t>(count));
  }
}

}  // namespace crease::store
