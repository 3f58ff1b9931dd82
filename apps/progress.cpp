#include "apps/progress.h"

#include "apps/output.h"
#include "apps/text.h"

namespace crease::apps {
namespace {

constexpr std::chrono::seconds kLineInterval{10};

}  // namespace

ProgressPrinter::ProgressPrinter()
    : rewrites_(MessagesAreOnTerminal()), last_line_(std::chrono::steady_clock::now()) {}

ProgressPrinter::~ProgressPrinter() {
  if (rewrites_) SetProgressLine("");
}

void ProgressPrinter::Update(const sweep::Progress& progress) { Update(ProgressText(progress)); }

void ProgressPrinter::Update(const std::string& text) {
  if (rewrites_) {
    SetProgressLine(text);
    return;
  }
  const auto now = std::chrono::steady_clock::now();
  if (now - last_line_ < kLineInterval) return;
  last_line_ = now;
  Message(text);
}

std::string ProgressText(const sweep::Progress& progress) {
  std::string text = FormatCount(progress.runs_done) + "/" + FormatCount(progress.runs_total) +
                     " runs  " + FormatRate(progress.runs_per_second) + " runs/s  " +
                     FormatRate(progress.steps_per_second) + " steps/s  ETA " +
                     FormatDuration(progress.eta_seconds) + "  " +
                     Counted(progress.transitions, "transition");
  if (progress.runs_diverged > 0) text += "  " + FormatCount(progress.runs_diverged) + " diverged";
  if (progress.runs_failed > 0) text += "  " + FormatCount(progress.runs_failed) + " failed";
  return text;
}

}  // namespace crease::apps
