#include "lib/data/bytes.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <memory>
#include <new>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include <libdeflate.h>

#include "lib/core/error.h"

namespace crease::data {
namespace {

Error CannotOpen(const std::string& path, int error_number) {
  if (error_number == ENOENT || error_number == ENOTDIR) {
    return InputError(path, "there is no such file",
                      "check the path; relative paths start at the sweep file");
  }
  return SystemErrorFromErrno(path, "cannot read", error_number);
}

// An open regular file that is not empty.
class File {
 public:
  explicit File(const std::string& path) : path_(path), descriptor_(::open(path.c_str(), kFlags)) {
    if (descriptor_ < 0) throw CannotOpen(path, errno);
    try {
      Check();
    } catch (...) {
      ::close(descriptor_);
      throw;
    }
  }
  ~File() { ::close(descriptor_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  std::uint64_t size_bytes() const { return size_bytes_; }

  // Reads exactly `size_bytes`, from where the last call ended.
  void Read(char* out, std::size_t size_bytes) {
    while (size_bytes > 0) {
      const ssize_t count = ::read(descriptor_, out, size_bytes);
      if (count == 0) {
        throw InputError(path_, "became shorter while it was read", "wait until it is complete");
      }
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) throw SystemErrorFromErrno(path_, "cannot read", errno);
      out += count;
      size_bytes -= static_cast<std::size_t>(count);
    }
  }

 private:
  void Check() {
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0) {
      throw SystemErrorFromErrno(path_, "cannot read", errno);
    }
    if (S_ISDIR(status.st_mode)) throw InputError(path_, "is a directory", "name a file");
    if (!S_ISREG(status.st_mode)) {
      throw InputError(path_, "is no regular file", "copy the data into a file and name that");
    }
    size_bytes_ = static_cast<std::uint64_t>(status.st_size);
    if (size_bytes_ == 0) throw InputError(path_, "is empty", "name a file that holds data");
  }

  // Without blocking, so that a pipe is told from a file instead of waited for.
  static constexpr int kFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
  std::string path_;
  int descriptor_;
  std::uint64_t size_bytes_ = 0;
};

struct FreeDecompressor {
  void operator()(libdeflate_decompressor* decompressor) const {
    libdeflate_free_decompressor(decompressor);
  }
};

bool IsGzip(const std::string& bytes) {
  return bytes.size() >= 2 && bytes[0] == '\x1f' && bytes[1] == '\x8b';
}

Error DamagedGzip(const std::string& path) {
  return InputError(path, "is gzip, but truncated or damaged",
                    "get the file again; gzip -t tells whether it is whole");
}

// A first guess of the decompressed size: the length that the last member ends with.
std::size_t FirstCapacity(const std::string& bytes) {
  if (bytes.size() < 18) return 64;
  std::size_t length = 0;
  for (std::size_t i = 1; i <= 4; ++i) {
    length = length << 8 | static_cast<unsigned char>(bytes[bytes.size() - i]);
  }
  // A file may lie about it, so it is no reason to allocate much more than the file has.
  return std::clamp<std::size_t>(length, 64, 32 * bytes.size());
}

std::string Gunzip(const std::string& path, const std::string& bytes) {
  // DEFLATE expands by less than this factor: a larger result cannot come from these bytes.
  constexpr std::uint64_t kMaxExpansion = 1032;
  const std::uint64_t limit = std::min(kMaxFileBytes, kMaxExpansion * bytes.size() + 64);
  const std::unique_ptr<libdeflate_decompressor, FreeDecompressor> decompressor(
      libdeflate_alloc_decompressor());
  if (decompressor == nullptr) throw std::bad_alloc();
  std::string out(FirstCapacity(bytes), '\0');
  std::size_t consumed = 0, produced = 0;
  while (consumed < bytes.size()) {
    std::size_t member_in = 0, member_out = 0;
    const libdeflate_result result = libdeflate_gzip_decompress_ex(
        decompressor.get(), bytes.data() + consumed, bytes.size() - consumed, out.data() + produced,
        out.size() - produced, &member_in, &member_out);
    if (result == LIBDEFLATE_SUCCESS) {
      consumed += member_in;
      produced += member_out;
    } else if (result == LIBDEFLATE_INSUFFICIENT_SPACE && out.size() < limit) {
      out.resize(static_cast<std::size_t>(std::min<std::uint64_t>(limit, 2 * out.size())));
    } else if (result == LIBDEFLATE_INSUFFICIENT_SPACE) {
      throw InputError(path, "decompresses to more than " + std::to_string(limit) + " bytes",
                       "give a smaller file");
    } else {
      throw DamagedGzip(path);
    }
  }
  out.resize(produced);
  return out;
}

}  // namespace

void CheckReadable(const std::string& path) { const File file(path); }

std::string ReadFile(const std::string& path) {
  File file(path);
  if (file.size_bytes() > kMaxFileBytes) {
    throw InputError(
        path, "has " + std::to_string(file.size_bytes()) + " bytes, too many to hold in memory",
        "give a file of at most " + std::to_string(kMaxFileBytes) + " bytes");
  }
  std::string bytes(static_cast<std::size_t>(file.size_bytes()), '\0');
  file.Read(bytes.data(), bytes.size());
  return bytes;
}

void HashFile(const std::string& path, Hasher& hasher) {
  File file(path);
  std::uint64_t left = file.size_bytes();
  hasher.Add(&left, sizeof left);
  std::vector<char> block(std::size_t{1} << 20);
  while (left > 0) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left, block.size()));
    file.Read(block.data(), count);
    hasher.Add(block.data(), count);
    left -= count;
  }
}

std::string ReadFileDecompressed(const std::string& path) {
  std::string bytes = ReadFile(path);
  return IsGzip(bytes) ? Gunzip(path, bytes) : bytes;
}

}  // namespace crease::data
