#include "lib/core/hash.h"

#include <bit>
#include <new>

#include <xxhash.h>

namespace crease {

static_assert(std::endian::native == std::endian::little,
              "digests are defined over little-endian bytes");

namespace {

Digest Canonical(const XXH128_hash_t& hash) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, hash);
  return std::bit_cast<Digest>(canonical);
}

}  // namespace

std::string Hex(const Digest& digest) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * digest.size());
  for (const std::byte byte : digest) {
    text += kDigits[std::to_integer<unsigned>(byte >> 4)];
    text += kDigits[std::to_integer<unsigned>(byte & std::byte{15})];
  }
  return text;
}

Digest DigestOf(std::span<const std::byte> bytes) {
  return Canonical(XXH3_128bits(bytes.data(), bytes.size()));
}

struct Hasher::State {
  State() : xxh3(XXH3_createState()) {
    if (xxh3 == nullptr) throw std::bad_alloc();
    XXH3_128bits_reset(xxh3);
  }
  ~State() { XXH3_freeState(xxh3); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  XXH3_state_t* xxh3;
};

Hasher::Hasher() : state_(std::make_unique<State>()) {}
Hasher::~Hasher() = default;
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;

void Hasher::Add(const void* bytes, std::size_t size_bytes) {
  XXH3_128bits_update(state_->xxh3, bytes, size_bytes);
}

std::string Hasher::HexDigest() const { return Hex(digest()); }

Digest Hasher::digest() const { return Canonical(XXH3_128bits_digest(state_->xxh3)); }

std::string HexDigestOf(std::string_view bytes) {
  return Hex(DigestOf(std::as_bytes(std::span(bytes))));
}

}  // namespace crease
