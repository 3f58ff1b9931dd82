#include "lib/detect/online_levels.h"

#include <algorithm>
#include <cmath>

#include "lib/core/portable_math.h"

namespace crease::detect {
namespace {

constexpr double kRecentBlocks = 24, kFastBlocks = 12, kLongShare = 1.0 / 6;
constexpr double kPriorBlocks = 3, kPriorGrowth = 1.2;
constexpr double kMostSquare = 16;  // times the variance: what a drop's corner may count for
constexpr double kLeastVariance = 1e-10;
constexpr int kFastCoarseLevel = 3;
constexpr int kCurvedLevel = 6;  // from here on curvature may exceed the noise
// If positive d count for at most the variance itself, normal noise gives 1 / 1.42 of it.
constexpr double kOneSided = 1.42;

constexpr double kSpikeDeviations = 5, kLeastSpike = 0.1;
constexpr double kMaximumExponent = 50;

// ln((exp a + exp b) / 2); a series where it is exact to 1e-6, because it runs for every block.
double LogMeanOfTwo(double a, double b) {
  const double d = a - b, square = d * d;
  if (square < 0.25) {
    return 0.5 * (a + b) + square * (1.0 / 8 - square * (1.0 / 192 - square / 2880));
  }
  return std::max(a, b) + portable::Log1p(portable::Exp(-std::abs(d))) - 0x1.62e42fefa39efp-1;
}

template <std::size_t kSize>
void PushFront(std::array<float, kSize>& values, float value) {
  std::copy_backward(values.begin(), values.end() - 1, values.end());
  values[0] = value;
}

void Average(float& mean, double value, double memory) {
  mean += static_cast<float>((value - mean) / memory);
}

}  // namespace

double OnlineLevels::Variance(int k) const {
  const Level& level = (*this)[k];
  return std::max(level.local, level.shape * amplitude_);
}

int OnlineLevels::Push(float log_loss, float step, std::uint64_t blocks) {
  double mass = SpikeMass(log_loss, blocks);
  for (int k = 0;; ++k) {
    Level& level = levels_[static_cast<std::size_t>(k)];
    PushFront(level.log_loss, log_loss);
    PushFront(level.step, step);
    const bool spike = mass > 0 && mass * mass > Variance(k);
    level.spikes = static_cast<std::uint16_t>((level.spikes << 1) | (spike ? 1 : 0));
    const double mass_of_both = 0.5 * (mass + level.spike_mass);
    level.spike_mass = static_cast<float>(mass);
    Measure(k, blocks >> k);
    if (k + 1 == kLevels || (blocks >> k) % 2 == 1) return k + 1;
    mass = mass_of_both;
    log_loss = static_cast<float>(LogMeanOfTwo(level.log_loss[0], level.log_loss[1]));
    step = 0.5f * (level.step[0] + level.step[1]);
  }
}

// By how much of the mean loss a spike has lifted the block; 0 outside of spikes. A spike's tail
// has as many blocks as its visible part. What stays up is the new level.
double OnlineLevels::SpikeMass(double log_loss, std::uint64_t blocks) {
  constexpr std::uint64_t kFirstBlocks = 12, kLongestSpike = 64;
  constexpr double kCleanBlocks = 8;
  const double above = log_loss - clean_;
  if (blocks < kFirstBlocks) {
    Average(clean_, log_loss, static_cast<double>(blocks));
    return 0;
  }
  bool spike = above > kLeastSpike;
  if (spike) {
    float variance = 0;
    for (const Level& level : levels_) variance = std::max(variance, level.recent);
    spike = above * above > kSpikeDeviations * kSpikeDeviations * variance;
  }
  if (!spike && tail_blocks_ == 0) {
    spike_blocks_ = 0;
    Average(clean_, log_loss, kCleanBlocks);
    return 0;
  }
  if (spike) {
    tail_blocks_ = ++spike_blocks_;
  } else {
    --tail_blocks_;
  }
  if (spike_blocks_ > kLongestSpike + blocks / 6) {
    clean_ = static_cast<float>(log_loss);
    spike_blocks_ = tail_blocks_ = 0;
    return 0;
  }
  return portable::Exp(std::min(above, kMaximumExponent)) - 1;
}

void OnlineLevels::Measure(int k, std::uint64_t blocks) {
  if (blocks < 3) return;
  Level& level = levels_[static_cast<std::size_t>(k)];
  const double d = level.log_loss[0] - 2.0 * level.log_loss[1] + level.log_loss[2];
  const double square = d * d / 6, count = static_cast<double>(blocks);
  const Level* below = k > 0 ? &levels_[static_cast<std::size_t>(k) - 1] : nullptr;
  float* fast = k == 0 ? &fast_fine_ : k == kFastCoarseLevel ? &fast_coarse_ : nullptr;
  if (blocks == 3) {
    level.recent = below ? 0.5f * below->recent : static_cast<float>(square);
    level.long_run = level.shape = level.local = level.recent;
    if (fast) *fast = level.recent;
    if (below) return;
  }
  const double largest = std::max(level.recent, fast ? *fast : 0.0f);
  const double most = kMostSquare * std::max(largest, 1e-8);
  const auto update = [&](float& variance, double memory) {
    double counted = std::min(square, most);
    if (k >= kCurvedLevel) {
      counted = std::min(kOneSided * square, d > 0 ? static_cast<double>(variance) : most);
    }
    Average(variance, counted, std::min(count + 1, memory));
  };
  const double long_blocks = std::max(16.0, count * kLongShare);
  update(level.recent, kRecentBlocks);
  update(level.long_run, long_blocks);
  if (fast) update(*fast, kFastBlocks);
  const auto lean = [&](double own, double prior, double memory) {
    const double n = std::min(count - 2, memory);
    const double variance = (n * own + kPriorBlocks * prior) / (n + kPriorBlocks);
    return static_cast<float>(std::max(variance, kLeastVariance));
  };
  constexpr double kHalf = 0.5 * kPriorGrowth;
  level.local = lean(level.recent, below ? kHalf * below->local : level.recent, kRecentBlocks);
  level.shape = lean(level.long_run, below ? kHalf * below->shape : level.long_run, long_blocks);
  if (k == 0) UpdateAmplitude(blocks);
}

// An oscillation shows in single blocks and averages out in longer ones, noise in both.
void OnlineLevels::UpdateAmplitude(std::uint64_t blocks) {
  const Level& coarse = levels_[kFastCoarseLevel];
  amplitude_ = fast_fine_ / levels_[0].shape;
  if (blocks < static_cast<std::uint64_t>(kFastBlocks) << kFastCoarseLevel) return;
  amplitude_ = std::max(1.0f, std::min(amplitude_, fast_coarse_ / coarse.shape));
}

void OnlineLevels::Coarsen() {
  std::copy(levels_.begin() + 1, levels_.end(), levels_.begin());
  const Level below = levels_[kLevels - 2];
  Level top;
  for (std::size_t i = 0; i < kRing / 2; ++i) {
    const std::size_t newer = 2 * i, older = newer + 1;
    top.log_loss[i] =
        static_cast<float>(LogMeanOfTwo(below.log_loss[newer], below.log_loss[older]));
    top.step[i] = 0.5f * (below.step[newer] + below.step[older]);
    const bool spike = (below.spikes >> newer & 3) != 0;
    top.spikes = static_cast<std::uint16_t>(top.spikes | (spike ? 1 : 0) << i);
  }
  constexpr auto kHalf = static_cast<float>(0.5 * kPriorGrowth);
  top.recent = kHalf * below.recent;
  top.long_run = kHalf * below.long_run;
  top.local = kHalf * below.local;
  top.shape = kHalf * below.shape;
  levels_[kLevels - 1] = top;
}

}  // namespace crease::detect
