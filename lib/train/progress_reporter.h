// Tells of progress now and then, without asking the clock at every step.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <utility>

namespace crease::train {

class ProgressReporter {
 public:
  // `on_progress` may be empty; it must outlive this. It gets the steps done since its last call.
  explicit ProgressReporter(const std::function<void(std::int64_t steps)>& on_progress)
      : on_progress_(on_progress) {}

  void Done(std::int64_t steps) {
    if (!on_progress_) return;
    pending_ += steps;
    if (pending_ % kStepsBetweenLooks != 0) return;
    const auto now = Clock::now();
    if (now - last_ < std::chrono::milliseconds(20)) return;
    last_ = now;
    Flush();
  }
  void Flush() {
    if (on_progress_ && pending_ > 0) on_progress_(std::exchange(pending_, 0));
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::int64_t kStepsBetweenLooks = 16;
  const std::function<void(std::int64_t)>& on_progress_;
  std::int64_t pending_ = 0;
  Clock::time_point last_ = Clock::now();
};

}  // namespace crease::train
