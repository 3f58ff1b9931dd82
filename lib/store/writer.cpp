#include "lib/store/writer.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "lib/store/files.h"
#include "lib/store/hdf5_handle.h"
#include "lib/store/layout.h"
#include "lib/store/run_encoder.h"
#include "lib/store/shard_builder.h"

namespace crease::store {
namespace {

// Every open shard holds a file and what it gathers; beyond this, the fullest is sealed.
constexpr std::size_t kMostOpenShards = 32;

// So many runs are handed to the writer's thread together: waking it costs more than a small run.
constexpr std::size_t kBatchRuns = 32;
constexpr std::uint64_t kBatchBytes = 8u << 20;

// How often shards are looked at that nothing is added to: runs may take hours each, and what is
// complete should not wait for the next.
constexpr std::chrono::seconds kLookAtAges{1};

}  // namespace

struct Writer::State {
  State(const std::string& path, const WriterOptions& chosen)
      : options(chosen),
        temporary_directory(TemporaryDirectory(path)),
        shards_directory(ShardsDirectory(path)) {}

  const WriterOptions options;
  const std::string temporary_directory, shards_directory;

  // Of the writer's thread alone.
  std::map<std::string, std::unique_ptr<ShardBuilder>> open;  // by shape

  std::mutex mutex;  // guards what follows
  std::condition_variable work, room, idle;
  std::deque<EncodedRun> queue;
  std::uint64_t queued_bytes = 0;
  int waiting_for_room = 0;
  bool nothing_open = true;  // the first run of a shard is written at once
  bool sealing = false;      // seal everything once the queue is empty
  bool stopping = false;     // leave, sealing nothing more
  std::exception_ptr error;
  Summary summary;
  std::thread thread;

  bool Called() const;  // whether there is something to do at once
  void Loop();
  void WriteQueue(std::unique_lock<std::mutex>& lock);
  void Write(EncodedRun&& run);
  void SealOne(std::map<std::string, std::unique_ptr<ShardBuilder>>::iterator shard);
  void SealFull();
  void SealAll();
  void Fail();
};

bool Writer::State::Called() const {
  if (stopping || sealing) return true;
  if (queue.empty()) return false;
  return nothing_open || waiting_for_room > 0 || queue.size() >= kBatchRuns ||
         queued_bytes >= kBatchBytes;
}

void Writer::State::Loop() {
  SilenceHdf5();
  std::unique_lock lock(mutex);
  while (true) {
    nothing_open = open.empty();
    if (nothing_open && queue.empty()) {
      work.wait(lock, [&] { return Called(); });
    } else {
      work.wait_for(lock, kLookAtAges, [&] { return Called(); });
    }
    if (stopping) break;
    try {
      WriteQueue(lock);
      const bool all = sealing;
      lock.unlock();
      if (all) {
        SealAll();
      } else {
        SealFull();
      }
      lock.lock();
    } catch (...) {
      if (!lock.owns_lock()) lock.lock();
      Fail();
    }
    if (sealing && queue.empty() && open.empty()) {
      sealing = false;
      idle.notify_all();
    }
  }
  lock.unlock();
  open.clear();
}

void Writer::State::WriteQueue(std::unique_lock<std::mutex>& lock) {
  while (!queue.empty() && !stopping) {
    EncodedRun run = std::move(queue.front());
    queue.pop_front();
    lock.unlock();
    const std::uint64_t bytes = run.queued_bytes;
    Write(std::move(run));
    lock.lock();
    queued_bytes -= bytes;
    if (waiting_for_room > 0) room.notify_all();
  }
}

// What is open is lost with the first error: a file that could not be written to is of no use.
void Writer::State::Fail() {
  error = std::current_exception();
  open.clear();
  queue.clear();
  queued_bytes = 0;
  room.notify_all();
}

void Writer::State::Write(EncodedRun&& run) {
  std::unique_ptr<ShardBuilder>& shard = open[run.shape->key];
  if (!shard) shard = std::make_unique<ShardBuilder>(temporary_directory, run);
  shard->Add(std::move(run));
  SealFull();
}

void Writer::State::SealFull() {
  for (auto shard = open.begin(); shard != open.end();) {
    const auto next = std::next(shard);
    const ShardBuilder& builder = *shard->second;
    if (builder.runs() >= options.runs_per_shard || builder.raw_bytes() > options.bytes_per_shard ||
        builder.age_seconds() > options.seal_after_seconds) {
      SealOne(shard);
    }
    shard = next;
  }
  if (open.size() <= kMostOpenShards) return;
  auto fullest = open.begin();
  for (auto shard = open.begin(); shard != open.end(); ++shard) {
    if (shard->second->runs() > fullest->second->runs()) fullest = shard;
  }
  SealOne(fullest);
}

void Writer::State::SealOne(std::map<std::string, std::unique_ptr<ShardBuilder>>::iterator shard) {
  const std::unique_ptr<ShardBuilder> builder = std::move(shard->second);
  open.erase(shard);
  const ShardBuilder::Sealed sealed = builder->Seal(
      shards_directory,
      {options.sweep_name, options.instruction_set, options.replaces_runs, options.created_after});
  if (options.on_sealed) options.on_sealed(builder->run_ids());
  const std::lock_guard lock(mutex);
  summary.runs += builder->runs();
  summary.raw_bytes += builder->raw_bytes();
  if (!sealed.is_new) return;
  summary.shards += 1;
  summary.file_bytes += sealed.file_bytes;
}

void Writer::State::SealAll() {
  while (!open.empty()) SealOne(open.begin());
}

Writer::Writer(const std::string& store_path, const WriterOptions& options) {
  CreateStore(store_path);
  RemoveStaleTemporaries(TemporaryDirectory(store_path));
  state_ = std::make_unique<State>(store_path, options);
  state_->thread = std::thread([state = state_.get()] { state->Loop(); });
}

Writer::~Writer() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
    state_->queue.clear();
  }
  state_->work.notify_all();
  state_->thread.join();
}

void Writer::Append(train::RunRecord&& record, const train::RecordOptions& recorded,
                    std::shared_ptr<const data::Dataset> dataset) {
  EncodedRun run = EncodeRun(std::move(record), recorded, std::move(dataset));
  State& state = *state_;
  std::unique_lock lock(state.mutex);
  const auto has_room = [&] {
    return state.error || state.queued_bytes == 0 ||
           state.queued_bytes + run.queued_bytes <= state.options.queue_bytes;
  };
  if (!has_room()) {
    ++state.waiting_for_room;
    state.work.notify_all();
    state.room.wait(lock, has_room);
    --state.waiting_for_room;
  }
  if (state.error) std::rethrow_exception(state.error);
  state.queued_bytes += run.queued_bytes;
  state.queue.push_back(std::move(run));
  const bool called = state.Called();
  lock.unlock();
  if (called) state.work.notify_all();
}

void Writer::Seal() {
  State& state = *state_;
  std::unique_lock lock(state.mutex);
  if (!state.error) {
    state.sealing = true;
    state.work.notify_all();
    state.idle.wait(lock, [&] { return !state.sealing; });
  }
  if (state.error) std::rethrow_exception(state.error);
}

Writer::Summary Writer::summary() const {
  const std::lock_guard lock(state_->mutex);
  return state_->summary;
}

}  // namespace crease::store
