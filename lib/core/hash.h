// 128-bit hashes (XXH3) of configurations, files and results, as 32 hexadecimal digits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace crease {

using Digest = std::array<std::byte, 16>;  // big-endian
std::string Hex(const Digest& digest);

// The same on every machine; results are hashed as little-endian bytes.
class Hasher {
 public:
  Hasher();
  ~Hasher();
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;

  void Add(const void* bytes, std::size_t size_bytes);
  void Add(std::string_view text) { Add(text.data(), text.size()); }
  void Add(float value) { Add(&value, sizeof value); }
  void Add(std::span<const float> values) { Add(values.data(), values.size_bytes()); }

  // The hash of everything added so far; more may be added afterwards.
  std::string HexDigest() const;
  Digest digest() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string HexDigestOf(std::string_view bytes);
Digest DigestOf(std::span<const std::byte> bytes);

}  // namespace crease
