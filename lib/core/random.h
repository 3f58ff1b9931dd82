// Random numbers as a function of (seed, purpose, stream, index): Philox4x32-10
// (Salmon et al., SC 2011) from Random123. Nothing depends on the order of calls.
#pragma once

#include <cstdint>
#include <span>

namespace crease {

// What a random number is for. Values are part of the numerics contract: never renumber.
enum class Purpose : std::uint32_t {
  kParameters = 1,   // initial weights and biases; stream = index of the tensor
  kBatchOrder = 2,   // permutation of an epoch; stream = epoch
  kFreshPoints = 3,  // points drawn anew every step; stream = step
  kData = 4,         // generated data sets: positions
  kNoise = 5,        // generated data sets: noise
  kLabels = 6,       // random labels
  kSubset = 7,       // which points a subset or a split takes
  kEvaluation = 8,   // points drawn once to evaluate a task of fresh points
};

// Bits, Uniform and Below of one index share their bits, and so do Normal of 2i and 2i+1 with
// those of i: take numbers of one kind only from one stream. Immutable, hence thread-safe.
class RandomStream {
 public:
  RandomStream(std::uint64_t seed, Purpose purpose, std::uint32_t stream = 0);

  std::uint64_t Bits(std::uint64_t index) const;
  double Uniform(std::uint64_t index) const;  // in (0, 1), never an end: odd multiples of 2^-53
  double Normal(std::uint64_t index) const;   // N(0, 1) by Box-Muller, portable bits
  // Uniform in 0 ... bound-1 without bias beyond 2^-64; bound > 0.
  std::uint64_t Below(std::uint64_t index, std::uint64_t bound) const;

  // out[i] = Normal(first + i), bit for bit and several times as fast.
  void Normals(std::uint64_t first, std::span<double> out) const;

 private:
  struct Pair {
    std::uint64_t first, second;
  };
  Pair Block(std::uint64_t index) const;

  std::uint64_t seed_;
  std::uint32_t purpose_, stream_;
};

}  // namespace crease
