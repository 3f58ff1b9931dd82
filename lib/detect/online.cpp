#include "lib/detect/online.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "lib/core/portable_math.h"

namespace crease::detect {
namespace {

constexpr int kLevels = OnlineLevels::kLevels, kRing = OnlineLevels::kRing;

constexpr std::array kWindowBlocks = {2, 3, 5};
constexpr int kGap = 8;            // blocks between the newest one and the tangent, at least
constexpr int kTangentLevels = 4;  // levels above the window's that give it tangents
constexpr int kFewestBlocks = 4;   // of a tangent
constexpr std::uint64_t kMostBlocks = 1024;  // of level 0; then blocks are doubled

// Noise that is correlated over more than a window is seen from up to three levels above.
constexpr int kCorrelationLevels = 3;

// Added to the threshold for each octave by which the window has fewer than 64 samples, or the
// curve fewer than 256; and taken away for each by which the window is wider than 1/256.
constexpr double kFewSamples = 0.9, kYoungCurve = 1.0, kWide = 0.4, kMostOctaves = 6;

// The first trough of an oscillation of up to 0.6 nats and up to 20 samples is no drop.
constexpr double kTroughNats = 0.65, kTroughSamples = 20;
// Multiplicative noise of variance v adds v / 2 to ln of the mean loss; three times that.
constexpr double kCalm = 1.5;
constexpr double kNewGround = 1.5;  // standard deviations
constexpr double kRearmShare = 0.33, kRearmErrors = 2;

double Octaves(double ratio) { return portable::Log(ratio) * 0x1.71547652b82fep+0; }

}  // namespace

void OnlineDetector::Add(double first_step, std::span<const float> losses,
                         std::vector<Alarm>& alarms) {
  for (std::size_t i = 0; i < losses.size(); ++i) {
    if (const auto alarm = Add(first_step + static_cast<double>(i), losses[i])) {
      alarms.push_back(*alarm);
    }
  }
}

void OnlineDetector::AnnounceScheduleChange() {
  scheduled_ = true;
  schedule_samples_ = samples_;
}

void OnlineDetector::Start(double step, float loss) {
  reference_ = static_cast<double>(loss);
  origin_ = step;
}

std::optional<Alarm> OnlineDetector::CloseBlock() {
  const auto size = static_cast<double>(BlockSamples(0));
  const auto log_loss = static_cast<float>(portable::Log(loss_sum_ / (size * reference_)));
  MeasureSpread(log_loss - levels_[0].log_loss[0]);
  const auto step = static_cast<float>(step_sum_ / size);
  loss_sum_ = square_sum_ = step_sum_ = 0;
  const int closed = levels_.Push(log_loss, step, Blocks(0));
  std::optional<Alarm> alarm;
  if (falling_) {
    Follow(closed);
  } else {
    Candidate best;
    for (int level = 0; level < std::min(closed, kLevels - 1); ++level) Evaluate(level, best);
    if (best.found) alarm = Raise(best);
  }
  if (Blocks(0) == kMostBlocks) {
    levels_.Coarsen();
    ++shift_;
  }
  return alarm;
}

void OnlineDetector::MeasureSpread(double change) {
  constexpr double kBlocks = 8, kShare = 1.0 / 6;
  const auto size = static_cast<double>(BlockSamples(0));
  const double ratio = square_sum_ / loss_sum_ * (size / loss_sum_);
  const double within = shift_ > 0 ? std::max(portable::Log(ratio), 0.0) : 0.0;
  const double spread = std::min(within + 0.5 * change * change, 1.0);
  const double long_blocks = std::max(16.0, static_cast<double>(Blocks(0)) * kShare);
  spread_ += static_cast<float>((spread - spread_) / kBlocks);
  long_spread_ += static_cast<float>((spread - long_spread_) / long_blocks);
}

void OnlineDetector::Evaluate(int level, Candidate& best) const {
  const std::uint64_t blocks = Blocks(level);
  if (blocks < regime_ / BlockSamples(level) + 2 * kGap) return;
  const double variance = VarianceForWindows(level);
  std::array<Window, kWindows> windows;
  double lowest = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < windows.size(); ++i) {
    windows[i] = WindowOf(level, kWindowBlocks[i], variance);
    lowest = std::min(lowest, windows[i].log_loss);
  }
  const double least_threshold = options_.threshold - kWide * kMostOctaves;
  lowest += least_threshold * std::sqrt(windows.back().variance);
  for (int b = level + 1; b <= std::min(level + kTangentLevels, kLevels - 1); ++b) {
    Tangent tangent;
    if (!FitTangent(b, (blocks - kGap) >> (b - level), lowest, tangent)) continue;
    for (const Window& window : windows) Consider(window, tangent, best);
  }
}

OnlineDetector::Window OnlineDetector::WindowOf(int level, int blocks, double variance) const {
  const OnlineLevels::Level& ring = levels_[level];
  double sum = 0, squares = 0, steps = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(blocks); ++i) {
    const double y = ring.log_loss[i];
    sum += y;
    squares += y * y;
    steps += ring.step[i];
  }
  Window window;
  window.level = level;
  window.blocks = blocks;
  window.step = steps / blocks;
  // The logarithm of the blocks' mean loss, to second order.
  const double mean = sum / blocks;
  window.log_loss = mean + 0.5 * std::clamp(squares / blocks - mean * mean, 0.0, 1.0);
  window.variance = variance / blocks;
  return window;
}

double OnlineDetector::VarianceForWindows(int level) const {
  double variance = levels_.Variance(level);
  double blocks = 1;
  for (int k = level + 1; k <= std::min(level + kCorrelationLevels, kLevels - 1); ++k) {
    blocks *= 2;
    variance = std::max(variance, blocks * levels_.Variance(k));
  }
  return variance;
}

// The line through the latest of the first `usable` blocks of the level, without spikes. False if
// there are too few, or if their mean is below `lowest`: then no window lies far enough below.
bool OnlineDetector::FitTangent(int level, std::uint64_t usable, double lowest, Tangent& t) const {
  const OnlineLevels::Level& ring = levels_[level];
  const std::uint64_t size = BlockSamples(level);
  const std::uint64_t before_regime = (regime_ + size - 1) / size;
  if (usable < before_regime + kFewestBlocks) return false;
  t.level = level;
  t.first = static_cast<int>(Blocks(level) - usable);
  t.blocks = static_cast<int>(
      std::min(static_cast<std::uint64_t>(kRing - t.first), usable - before_regime));
  const auto begin = static_cast<std::size_t>(t.first);
  const std::size_t end = begin + static_cast<std::size_t>(t.blocks);
  double count = 0, steps = 0, sum = 0;
  for (std::size_t i = begin; i < end; ++i) {
    if ((ring.spikes >> i & 1) != 0) continue;
    count += 1;
    steps += ring.step[i];
    sum += ring.log_loss[i];
  }
  if (count < kFewestBlocks || sum < lowest * count) return false;
  t.step = steps / count;
  t.log_loss = sum / count;
  double spread = 0, product = 0;
  for (std::size_t i = begin; i < end; ++i) {
    if ((ring.spikes >> i & 1) != 0) continue;
    const double dx = ring.step[i] - t.step;
    spread += dx * dx;
    product += dx * (ring.log_loss[i] - t.log_loss);
  }
  if (!(spread > 0)) return false;
  t.slope = std::min(product / spread, 0.0);
  // A block's mean loss lies above the loss at its mean step, by (slope * length)^2 / 24 in ln.
  const double length =
      (static_cast<double>(ring.step[begin]) - ring.step[end - 1]) / (t.blocks - 1);
  t.log_loss -= t.slope * t.slope * length * length / 24;
  t.noise = levels_.Variance(level);
  t.inverse_count = 1 / count;
  t.inverse_spread = 1 / spread;
  const std::uint64_t first_block = usable - static_cast<std::uint64_t>(t.blocks);
  t.schedule = scheduled_ && schedule_samples_ + size >= first_block * size;
  return true;
}

double OnlineDetector::Threshold(double window_samples) const {
  const auto samples = static_cast<double>(samples_);
  const double wide = std::clamp(Octaves(256 * window_samples / samples), 0.0, kMostOctaves);
  return options_.threshold + kFewSamples * std::max(0.0, Octaves(64 / window_samples)) +
         kYoungCurve * std::max(0.0, Octaves(256 / samples)) - kWide * wide;
}

void OnlineDetector::Consider(const Window& window, const Tangent& tangent, Candidate& best) const {
  const double drop = tangent.At(window.step) - window.log_loss;
  const double variance = window.variance + tangent.VarianceAt(window.step);
  const double least = options_.threshold - kWide * kMostOctaves;
  if (drop < 0 || drop * drop < least * least * variance) return;
  const std::uint64_t samples =
      static_cast<std::uint64_t>(window.blocks) * BlockSamples(window.level);
  const double deviation = std::sqrt(variance);
  const double margin = drop / deviation - Threshold(static_cast<double>(samples));
  const bool better = !best.found || (best.schedule && !tangent.schedule) ||
                      (best.schedule == tangent.schedule && margin > best.margin);
  if (margin < 0 || !better || !Confirm(window, tangent, drop, deviation)) return;
  const OnlineLevels::Level& ring = levels_[window.level];
  const auto last = static_cast<std::size_t>(window.blocks) - 1;
  const double half =
      0.5 * (ring.step[0] - ring.step[last]) * window.blocks / static_cast<double>(last);
  best.found = true;
  best.schedule = tangent.schedule;
  best.margin = margin;
  best.samples = samples;
  best.onset = window.step - half;
  best.log_before = tangent.At(best.onset);
  best.drop = drop;
  best.score = drop / deviation;
  best.rate = (best.log_before - window.log_loss) / half;
}

bool OnlineDetector::Confirm(const Window& window, const Tangent& tangent, double drop,
                             double deviation) const {
  const OnlineLevels::Level &ring = levels_[window.level], &base = levels_[tangent.level];
  const double samples =
      static_cast<double>(window.blocks) * static_cast<double>(BlockSamples(window.level));
  const double trough = kTroughNats * std::max(0.0, 1 - samples / kTroughSamples);
  // An oscillation that ends takes with it what it had added to the mean loss.
  const double calm = kCalm * std::max(0.0f, long_spread_ - spread_);
  if (drop < options_.minimum_drop_nats + trough + calm) return false;
  for (std::size_t i = 0; i < static_cast<std::size_t>(window.blocks); ++i) {
    if (ring.log_loss[i] > tangent.At(ring.step[i])) return false;
  }
  const auto begin = base.log_loss.begin() + tangent.first;
  const double ground = *std::min_element(begin, begin + tangent.blocks);
  return window.log_loss < ground - kNewGround * deviation;
}

Alarm OnlineDetector::Raise(const Candidate& candidate) {
  falling_ = true;
  peak_rate_ = static_cast<float>(candidate.rate);
  onset_samples_ = samples_ - candidate.samples;
  Alarm alarm;
  alarm.step = last_step_;
  alarm.onset_step = candidate.onset + origin_;
  alarm.loss_before = portable::Exp(candidate.log_before) * reference_;
  alarm.drop_nats = candidate.drop;
  alarm.score = candidate.score;
  alarm.schedule = candidate.schedule;
  return alarm;
}

// The rate over a quarter of the time since the onset, against the quarter before.
void OnlineDetector::Follow(int closed) {
  constexpr std::size_t kBlocks = 4;
  const std::uint64_t since = samples_ - onset_samples_;
  int level = 0;
  while (level + 1 < kLevels && 4 * kBlocks * BlockSamples(level) <= since) ++level;
  if (level >= closed) return;
  const OnlineLevels::Level& ring = levels_[level];
  double fall = 0, steps = 0;
  for (std::size_t i = 0; i < kBlocks; ++i) {
    fall += static_cast<double>(ring.log_loss[i + kBlocks]) - ring.log_loss[i];
    steps += static_cast<double>(ring.step[i]) - ring.step[i + kBlocks];
  }
  const double rate = fall / steps;
  const double error = std::sqrt(2 * kBlocks * VarianceForWindows(level)) / steps;
  peak_rate_ = std::max(peak_rate_, static_cast<float>(rate));
  const std::uint64_t window = kBlocks * BlockSamples(level);
  if (rate + kRearmErrors * error < peak_rate_ * kRearmShare && since >= 2 * window) {
    falling_ = false;
    regime_ = samples_ - window;
  }
}

}  // namespace crease::detect
