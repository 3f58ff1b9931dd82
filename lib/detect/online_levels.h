// In: means of consecutive blocks of samples. Out: the recent past at dyadic scales, how noisy it
// is at each of them, and where spikes are in it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace crease::detect {

// Level k holds the latest kRing blocks of 2^k blocks of level 0. Trivially copyable, no heap.
//
// The variance of a block's mean comes from second differences d = y0 - 2 y1 + y2 of neighbouring
// blocks, E d^2 = 6 v if they are independent. On coarse levels only d < 0 counts in full: under
// the null hypothesis ln loss is convex, so its curvature adds to d > 0 alone. Levels of few blocks
// lean on the level below. What a noise that has just grown does to coarse levels is known from
// the finest ones long before it shows in them: the amplitude.
class OnlineLevels {
 public:
  static constexpr int kLevels = 9, kRing = 9;

  // Blocks are numbered from the newest, 0.
  struct Level {
    std::array<float, kRing> log_loss = {};  // of the mean loss
    std::array<float, kRing> step = {};      // mean step, from the first one on
    float recent = 0, long_run = 0;          // mean of d^2 / 6: over 24 blocks, over a sixth of all
    float local = 0, shape = 0;              // the two, leant on the level below
    float spike_mass = 0;                    // of the newest block
    std::uint16_t spikes = 0;                // bit i: block i says nothing about the level
  };

  // Takes the mean of the block number `blocks` (from 1) of level 0, and returns how many levels
  // (0, 1, ...) have a new block by it.
  int Push(float log_loss, float step, std::uint64_t blocks);

  // Level 1 becomes level 0, and so on. Requires: all levels have just got a block.
  void Coarsen();

  const Level& operator[](int k) const { return levels_[static_cast<std::size_t>(k)]; }

  // Of the logarithm of a block's mean.
  double Variance(int k) const;

 private:
  double SpikeMass(double log_loss, std::uint64_t blocks);
  void Measure(int k, std::uint64_t blocks);
  void UpdateAmplitude(std::uint64_t blocks);

  std::array<Level, kLevels> levels_ = {};
  float fast_fine_ = 0, fast_coarse_ = 0;  // as `recent`, over 12 blocks of levels 0 and 3
  float amplitude_ = 1;                    // of the noise now, over that of the long run; variance
  float clean_ = 0;                        // ln loss of level 0 without spikes
  std::uint32_t spike_blocks_ = 0, tail_blocks_ = 0;
};

}  // namespace crease::detect
