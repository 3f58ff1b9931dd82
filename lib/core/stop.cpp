#include "lib/core/stop.h"

namespace crease {

void StopToken::Request(int signal_number) {
  signal_number_.store(signal_number, std::memory_order_relaxed);
  requested_.store(true, std::memory_order_relaxed);
}

}  // namespace crease
