// The clocks of the benchmarks.
#pragma once

#include <ctime>

namespace crease::benchmarks {

inline double ReadClock(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// Seconds: processor time of the calling thread where it works alone, which other users of the
// machine cannot stretch, and wall time where several work together.
inline double SecondsOf(int threads) {
  return ReadClock(threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC);
}

}  // namespace crease::benchmarks
