// In: a loss curve, sample by sample, while it comes. Out: alarms, soon after a transition begins.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <type_traits>
#include <vector>

#include "lib/detect/online_levels.h"

namespace crease::detect {

struct OnlineOptions {
  // How many standard deviations the loss must lie below the tangent of what came before, for a
  // window of 1/256 of the samples; wider windows, of which there are fewer, need less, short
  // windows and young curves more. Calibrated by benchmarks/transitions, as the next one is.
  float threshold = 8.4f;
  float minimum_drop_nats = 0.08f;  // below the tangent, when the alarm is raised
};

struct Alarm {
  double step = 0;         // of the sample that raised it
  double onset_step = 0;   // estimate: where the window that fell begins
  double loss_before = 0;  // on the tangent, at the onset
  double drop_nats = 0;    // of the window's mean below the tangent, so far
  double score = 0;        // the same in standard deviations
  bool schedule = false;   // the caller announced a change between the tangent's samples and now
};

// Raises an alarm when the decay rate of ln loss rises (transition.h has the definition, and
// offline.h the authoritative detector).
//
// Null hypothesis: ln loss is convex, so later losses lie above each tangent of earlier ones. At
// windows of 2, 3 and 5 blocks of every dyadic scale, the mean loss is compared with tangents
// fitted to up to nine blocks before it that are 2 to 16 times as long; only falling ones are
// prolonged. An alarm needs a drop that is significant, that all blocks of the window share, that
// is larger than what the end or the first trough of an oscillation makes, and that reaches below
// all blocks of the tangent, so that coming back from a spike is none. After an alarm the detector
// waits until the rate is significantly below a third of its peak and starts again with what
// follows.
//
// A block is a 1024th to a 512th of the samples so far, a single one at first. Constant memory,
// amortised constant time. Alarms are a function of the samples alone: not of how they are passed,
// nor of the machine. Trivially copyable: its bytes are its state. One thread at a time.
class OnlineDetector {
 public:
  explicit OnlineDetector(const OnlineOptions& options = {}) : options_(options) {}

  // One sample. Skips losses that are not finite or not positive. Requires: steps increase, by
  // whatever amounts.
  std::optional<Alarm> Add(double step, float loss) {
    if (!(loss > 0.0f && loss <= kLargestLoss)) return std::nullopt;
    if (samples_ == 0) Start(step, loss);
    const auto wide = static_cast<double>(loss);
    loss_sum_ += wide;
    square_sum_ += wide * wide;
    step_sum_ += step - origin_;
    last_step_ = step;
    ++samples_;
    if ((samples_ & (BlockSamples(0) - 1)) != 0) return std::nullopt;
    return CloseBlock();
  }

  // Losses of consecutive steps; appends the alarms.
  void Add(double first_step, std::span<const float> losses, std::vector<Alarm>& alarms);

  // The learning rate, the batch or the data change with the next sample.
  void AnnounceScheduleChange();

 private:
  static constexpr float kLargestLoss = 3.40282347e38f;
  static constexpr int kWindows = 3;

  struct Window {
    int level = 0, blocks = 0;
    double step = 0, log_loss = 0;
    double variance = 0;
  };
  struct Tangent {
    int level = 0, first = 0, blocks = 0;  // of the level's ring
    double step = 0, log_loss = 0, slope = 0;
    double noise = 0, inverse_count = 0, inverse_spread = 0;
    bool schedule = false;
    double At(double x) const { return log_loss + slope * (x - step); }
    double VarianceAt(double x) const {
      return noise * (inverse_count + (x - step) * (x - step) * inverse_spread);
    }
  };
  struct Candidate {
    bool found = false, schedule = false;
    double margin = 0;  // by how many standard deviations it exceeds its threshold
    std::uint64_t samples = 0;
    double onset = 0, log_before = 0, drop = 0, score = 0, rate = 0;
  };

  void Start(double step, float loss);
  std::optional<Alarm> CloseBlock();
  void MeasureSpread(double change);
  void Evaluate(int level, Candidate& best) const;
  Window WindowOf(int level, int blocks, double variance) const;
  double VarianceForWindows(int level) const;
  bool FitTangent(int level, std::uint64_t usable, double lowest, Tangent& tangent) const;
  void Consider(const Window& window, const Tangent& tangent, Candidate& best) const;
  double Threshold(double window_samples) const;
  bool Confirm(const Window& window, const Tangent& tangent, double drop, double deviation) const;
  Alarm Raise(const Candidate& candidate);
  void Follow(int closed);

  std::uint64_t BlockSamples(int level) const { return std::uint64_t{1} << (shift_ + level); }
  std::uint64_t Blocks(int level) const { return samples_ >> (shift_ + level); }

  OnlineOptions options_;
  std::int32_t shift_ = 0;  // level 0 has blocks of 2^shift samples
  bool falling_ = false;    // after an alarm
  bool scheduled_ = false;  // a change has been announced
  std::uint64_t samples_ = 0;
  std::uint64_t regime_ = 0;            // samples before the current regime
  std::uint64_t schedule_samples_ = 0;  // samples before the last announced change
  std::uint64_t onset_samples_ = 0;     // samples before the onset, while falling
  double reference_ = 1, origin_ = 0;   // the first loss and step
  double loss_sum_ = 0, square_sum_ = 0, step_sum_ = 0, last_step_ = 0;
  float peak_rate_ = 0;                 // while falling
  float spread_ = 0, long_spread_ = 0;  // of the finest noise, now and in the long run; variance
  OnlineLevels levels_;
};

static_assert(std::is_trivially_copyable_v<OnlineDetector>);
static_assert(sizeof(OnlineDetector) <= 1024);

}  // namespace crease::detect
