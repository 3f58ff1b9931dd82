#include "lib/core/random.h"

#include <cmath>

#include <Random123/philox.h>

#include "lib/core/portable_math.h"

namespace crease {
namespace {

double OpenUnitInterval(std::uint64_t bits) {
  return (static_cast<double>(bits >> 11) + 0.5) * 0x1p-53;
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
  const Pair pair = Block(index);
  const double radius = std::sqrt(-2.0 * portable::Log(OpenUnitInterval(pair.first)));
  return radius * portable::Cos(2.0 * portable::kPi * OpenUnitInterval(pair.second));
}

std::uint64_t RandomStream::Below(std::uint64_t index, std::uint64_t bound) const {
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::uint64_t>((static_cast<Wide>(Bits(index)) * bound) >> 64);
}

}  // namespace crease
