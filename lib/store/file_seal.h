// The last bytes of a shard's file: a digest of all bytes before them.
//
// HDF5's own checksums leave holes (indices of chunks, heaps, gaps), and a whole chunk may be
// swapped for another. What stands after its end of file HDF5 ignores, as do all its readers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace crease::store {

// One line of text: kSealWord, digest (XXH3, 128 bits, 32 hexadecimal digits), length of what comes
// before in bytes (20 decimal digits), line feed.
inline constexpr char kSealWord[] = "crease-seal-1";
inline constexpr std::size_t kSealBytes = sizeof kSealWord + 32 + 1 + 20 + 1;

struct FileSeal {
  std::string digest;
  std::uint64_t bytes = 0;  // before the seal
};

// The seal at the end of an open file of `file_bytes`. Empty if there is none, or if it is that of
// a longer or shorter file. Throws Error(kSystem) naming `path` if the file cannot be read.
std::optional<FileSeal> ReadSeal(int descriptor, const std::string& path, std::uint64_t file_bytes);

// Called with the bytes read since the last call; false ends the reading.
using OnBytesRead = std::function<bool(std::uint64_t bytes)>;

// Of the first `bytes` of an open file; "" if it is shorter, or if `on_read` ended the reading.
// Throws Error(kSystem) naming `path`.
std::string DigestOfFile(int descriptor, const std::string& path, std::uint64_t bytes,
                         const OnBytesRead& on_read = nullptr);

// Appends the seal to a file of `bytes`. Throws Error(kSystem) naming `path`.
void AppendSeal(int descriptor, const std::string& path, std::uint64_t bytes);

}  // namespace crease::store
