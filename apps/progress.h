// How far a sweep is, told on standard error: one rewritten line on a terminal, else a line every
// ten seconds.
#pragma once

#include <chrono>
#include <string>

#include "lib/sweep/runner.h"

namespace crease::apps {

class ProgressPrinter {
 public:
  ProgressPrinter();
  ~ProgressPrinter();  // removes the rewritten line
  ProgressPrinter(const ProgressPrinter&) = delete;
  ProgressPrinter& operator=(const ProgressPrinter&) = delete;

  // One at a time.
  void Update(const sweep::Progress& progress);
  void Update(const std::string& text);

  double interval_seconds() const { return rewrites_ ? 0.25 : 1.0; }

 private:
  bool rewrites_;
  std::chrono::steady_clock::time_point last_line_;
};

// "12/64 runs  3.2 runs/s  540,000 steps/s  ETA 1 min 20 s  7 transitions".
std::string ProgressText(const sweep::Progress& progress);

}  // namespace crease::apps
