// Ctrl-C and the signals of cluster schedulers, turned into a StopToken.
#pragma once

#include "lib/core/stop.h"

namespace crease::apps {

// While it lives, SIGINT, SIGTERM and SIGUSR1 request a stop; a second SIGINT leaves the process
// at once with exit code 130. At most one at a time.
class SignalGuard {
 public:
  explicit SignalGuard(StopToken& stop);  // not owned
  ~SignalGuard();
  SignalGuard(const SignalGuard&) = delete;
  SignalGuard& operator=(const SignalGuard&) = delete;
};

}  // namespace crease::apps
