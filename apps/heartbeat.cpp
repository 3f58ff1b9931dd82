#include "apps/heartbeat.h"

#include <chrono>
#include <exception>
#include <utility>

namespace crease::apps {
namespace {

constexpr std::chrono::seconds kInterval{2};

}  // namespace

Heartbeat::Heartbeat(std::string store_path, const store::Writer& writer, const std::string& sweep,
                     const std::string& command, std::int64_t runs_total)
    : store_path_(std::move(store_path)), writer_(writer), status_(store::NewWorkerStatus()) {
  status_.sweep = sweep;
  status_.command = command;
  status_.runs_total = runs_total;
  Write(status_);
  thread_ = std::thread([this] { Beat(); });
}

Heartbeat::~Heartbeat() {
  {
    const std::lock_guard lock(mutex_);
    leaving_ = true;
  }
  wake_.notify_one();
  thread_.join();
  Write(status_);
}

void Heartbeat::Update(const sweep::Progress& progress) {
  const std::lock_guard lock(mutex_);
  status_.runs_total = progress.runs_total;
  status_.runs_done = progress.runs_done;
  status_.runs_failed = progress.runs_failed;
  status_.runs_diverged = progress.runs_diverged;
  status_.steps_total = progress.steps_total;
  status_.steps_done = progress.steps_done;
  status_.steps_per_second = progress.steps_per_second;
  status_.eta_seconds = progress.eta_seconds;
  status_.transitions = progress.transitions;
}

void Heartbeat::AddFailure(const sweep::Failure& failure) {
  const std::lock_guard lock(mutex_);
  status_.failed_runs.push_back(failure.run_id);
  status_.last_error = "run " + failure.run_id + ": " + failure.message;
}

void Heartbeat::SetState(const std::string& state, const std::string& last_error) {
  const std::lock_guard lock(mutex_);
  status_.state = state;
  if (!last_error.empty()) status_.last_error = last_error;
}

void Heartbeat::Beat() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, kInterval, [this] { return leaving_; })) {
    store::WorkerStatus status = status_;
    lock.unlock();
    Write(std::move(status));
    lock.lock();
  }
}

void Heartbeat::Write(store::WorkerStatus status) const noexcept {
  try {
    status.runs_sealed = writer_.summary().runs;
    store::WriteStatus(store_path_, status);
  } catch (const std::exception&) {
    // See the class comment.
  }
}

}  // namespace crease::apps
