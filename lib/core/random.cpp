#include "lib/core/random.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include <Random123/philox.h>

#include "lib/core/portable_math-inl.h"

namespace crease {
namespace {

// The upper 52 bits as the mantissa of a number in [1, 2), shifted down; exact.
inline double OpenUnitInterval(std::uint64_t bits) {
  return std::bit_cast<double>((bits >> 12) | 0x3ff0000000000000) - (1.0 - 0x1p-53);
}

struct NormalPair {
  double even, odd;
};

[[gnu::always_inline]] inline NormalPair BoxMuller(std::uint64_t first, std::uint64_t second) {
  const double radius = std::sqrt(-2.0 * portable::LogOfNormal(OpenUnitInterval(first)));
  const portable::SinCos direction = portable::SinCosOfTurns(OpenUnitInterval(second));
  return {radius * direction.cos, radius * direction.sin};
}

}  // namespace

RandomStream::RandomStream(std::uint64_t seed, Purpose purpose, std::uint32_t stream)
    : seed_(seed), purpose_(static_cast<std::uint32_t>(purpose)), stream_(stream) {}

RandomStream::Pair RandomStream::Block(std::uint64_t index) const {
  const r123::Philox4x32::key_type key = {
      {static_cast<std::uint32_t>(seed_), static_cast<std::uint32_t>(seed_ >> 32)}};
  const r123::Philox4x32::ctr_type counter = {{static_cast<std::uint32_t>(index),
                                               static_cast<std::uint32_t>(index >> 32), purpose_,
                                               stream_}};
  const auto random = r123::Philox4x32()(counter, key);
  return {random[0] | (static_cast<std::uint64_t>(random[1]) << 32),
          random[2] | (static_cast<std::uint64_t>(random[3]) << 32)};
}

std::uint64_t RandomStream::Bits(std::uint64_t index) const { return Block(index).first; }

double RandomStream::Uniform(std::uint64_t index) const {
  return OpenUnitInterval(Block(index).first);
}

double RandomStream::Normal(std::uint64_t index) const {
  const Pair block = Block(index / 2);
  const NormalPair pair = BoxMuller(block.first, block.second);
  return index % 2 == 0 ? pair.even : pair.odd;
}

std::uint64_t RandomStream::Below(std::uint64_t index, std::uint64_t bound) const {
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::uint64_t>((static_cast<Wide>(Bits(index)) * bound) >> 64);
}

void RandomStream::Normals(std::uint64_t first, std::span<double> out) const {
  // Two loops over a block that stays in L1: the second is vectorised, the first need not be.
  constexpr std::size_t kPairs = 64;
  std::uint64_t bits[2][kPairs];
  double normals[2 * kPairs];
  std::size_t skip = first % 2;  // of the first pair, when `first` is odd
  for (std::size_t done = 0; done < out.size();) {
    const std::uint64_t first_block = (first + done) / 2;
    for (std::size_t i = 0; i < kPairs; ++i) {
      const Pair block = Block(first_block + i);
      bits[0][i] = block.first;
      bits[1][i] = block.second;
    }
    for (std::size_t i = 0; i < kPairs; ++i) {
      const NormalPair pair = BoxMuller(bits[0][i], bits[1][i]);
      normals[2 * i] = pair.even;
      normals[2 * i + 1] = pair.odd;
    }
    const std::size_t count = std::min(out.size() - done, 2 * kPairs - skip);
    std::copy_n(normals + skip, count, out.begin() + static_cast<std::ptrdiff_t>(done));
    done += count;
    skip = 0;
  }
}

}  // namespace crease
