// A request to stop, set by a signal handler and seen by all workers.
#pragma once

#include <atomic>

namespace crease {

// Lock-free, so that a signal handler may call Request().
class StopToken {
 public:
  void Request(int signal_number = 0);
  bool requested() const { return requested_.load(std::memory_order_relaxed); }
  int signal_number() const { return signal_number_.load(std::memory_order_relaxed); }

 private:
  std::atomic<bool> requested_{false};
  std::atomic<int> signal_number_{0};
  static_assert(std::atomic<bool>::is_always_lock_free);
};

}  // namespace crease
