#include "apps/signals.h"

#include <array>
#include <atomic>
#include <cassert>
#include <csignal>
#include <unistd.h>

#include "apps/exit_codes.h"

namespace crease::apps {
namespace {

constexpr std::array kSignals = {SIGINT, SIGTERM, SIGUSR1};

// A signal handler has no arguments of its own.
std::atomic<StopToken*> current_stop{nullptr};
std::array<struct sigaction, kSignals.size()> earlier_actions;

void Handle(int signal_number) {
  StopToken* stop = current_stop.load(std::memory_order_relaxed);
  if (stop == nullptr) return;
  if (signal_number == SIGINT && stop->requested()) ::_exit(kInterrupted);
  stop->Request(signal_number);
}

}  // namespace

SignalGuard::SignalGuard(StopToken& stop) {
  assert(current_stop == nullptr);
  current_stop = &stop;
  struct sigaction action {};
  action.sa_handler = Handle;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    sigaction(kSignals[i], &action, &earlier_actions[i]);
  }
}

SignalGuard::~SignalGuard() {
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    sigaction(kSignals[i], &earlier_actions[i], nullptr);
  }
  current_stop = nullptr;
}

}  // namespace crease::apps
