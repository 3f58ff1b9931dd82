// Whole files in memory, decompressed if they are gzip.
#pragma once

#include <cstdint>
#include <string>

#include "lib/core/hash.h"

namespace crease::data {

// No file may hold or decompress to more than this.
inline constexpr std::uint64_t kMaxFileBytes = std::uint64_t{8} << 30;

// Throws Error(kInput) if the file is missing, empty or no regular file, Error(kSystem) if it
// cannot be opened. All functions below do that, too.
void CheckReadable(const std::string& path);

// The bytes of a file. Throws Error(kInput) if it is too large.
std::string ReadFile(const std::string& path);

// Adds the file's length and bytes, block by block. Throws Error(kSystem) if it cannot be read.
void HashFile(const std::string& path, Hasher& hasher);

// As ReadFile; what begins with the magic number of gzip is decompressed, all members in a row.
// Throws Error(kInput) if the compressed data are damaged or truncated.
std::string ReadFileDecompressed(const std::string& path);

}  // namespace crease::data
