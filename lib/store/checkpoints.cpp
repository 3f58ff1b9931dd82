#include "lib/store/checkpoints.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <filesystem>
#include <initializer_list>
#include <span>
#include <sys/file.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "lib/core/error.h"
#include "lib/core/hash.h"
#include "lib/core/numerics_version.h"
#include "lib/core/state.h"
#include "lib/store/files.h"
#include "lib/store/layout.h"
#include "lib/train/schedule.h"

namespace crease::store {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuffix = ".checkpoint";
constexpr std::array kMagic = {'C', 'R', 'E', 'A', 'S', 'E', 'C', 'K'};
constexpr std::int32_t kLogVersion = 1;

std::vector<std::byte> Header(const std::string& run_id, const std::string& record_json) {
  StateWriter header;
  header.Put(kMagic);
  header.Put(kLogVersion);
  header.Put(std::int32_t{train::kCheckpointVersion});
  header.Put(std::int32_t{kNumericsVersion});
  const std::string identity = run_id + "\n" + record_json;
  header.Put(DigestOf(std::as_bytes(std::span(identity))));
  return header.Take();
}

using Bytes = std::span<const std::byte>;

Digest Link(const Digest& before, std::initializer_list<Bytes> entry) {
  Hasher hasher;
  hasher.Add(before.data(), before.size());
  for (const Bytes part : entry) hasher.Add(part.data(), part.size());
  return hasher.digest();
}

bool ParseEntry(std::span<const std::byte> bytes, train::CheckpointEntry& entry) {
  StateReader reader(bytes);
  reader.Get(entry.step);
  reader.Get(entry.wall_seconds);
  reader.GetMore(entry.recorded);
  reader.GetMore(entry.state);
  return reader.AtEnd();
}

}  // namespace

class Checkpoints::Log : public train::CheckpointLog {
 public:
  Log(Checkpoints& owner, std::string run_id, const train::RecordOptions& record, bool present)
      : owner_(owner), run_id_(std::move(run_id)), path_(owner.PathOf(run_id_)), record_(record) {
    if (present) Open(O_RDWR);
  }
  ~Log() override {
    if (descriptor_ >= 0) close(descriptor_);
  }

  std::vector<train::CheckpointEntry> Read() override {
    if (descriptor_ < 0) return {};
    return Parse(ReadAll());
  }

  void Append(const train::CheckpointEntry& entry) override {
    if (elsewhere_) return;
    const bool is_new = descriptor_ < 0;
    if (is_new) Open(O_RDWR | O_CREAT);
    if (elsewhere_) return;
    StateWriter header, head, middle, tail;
    if (end_ == 0) {
      const std::vector<std::byte> made = Header(run_id_, train::ToJson(record_));
      header.PutAll(Bytes(made));
      link_ = DigestOf(made);
      header.Put(link_);
    }
    // As StateWriter::PutAll would do it, without a copy of what may be gigabytes.
    head.Put(entry.step);
    head.Put(entry.wall_seconds);
    head.Put(std::uint64_t{entry.recorded.size()});
    middle.Put(std::uint64_t{entry.state.size()});
    const std::vector<std::byte> before = head.Take(), between = middle.Take();
    header.Put(
        std::uint64_t{before.size() + entry.recorded.size() + between.size() + entry.state.size()});
    const Digest link = Link(link_, {before, entry.recorded, between, entry.state});
    tail.Put(link);
    WriteAtEnd({header.Take(), before, entry.recorded, between, entry.state, tail.Take()});
    if (is_new) SyncDirectory(owner_.directory_);
    link_ = link;
  }

  void Clear() override {
    end_ = 0;
    if (descriptor_ >= 0 && ftruncate(descriptor_, 0) != 0) Fail("cannot truncate");
  }

 private:
  [[noreturn]] void Fail(const char* what) const {
    throw SystemErrorFromErrno(path_, std::string(what) + " the checkpoint", errno);
  }

  void Open(int flags) {
    descriptor_ = open(path_.c_str(), flags | O_CLOEXEC, 0666);
    if (descriptor_ < 0 && errno == ENOENT && (flags & O_CREAT) == 0) return;
    if (descriptor_ < 0) Fail("cannot open");
    elsewhere_ = flock(descriptor_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (elsewhere_) {
      close(std::exchange(descriptor_, -1));
    } else {
      owner_.Note(run_id_);
    }
  }

  std::vector<std::byte> ReadAll() const {
    std::vector<std::byte> bytes;
    std::array<std::byte, 1 << 16> block;
    while (true) {
      const ssize_t count =
          pread(descriptor_, block.data(), block.size(), static_cast<off_t>(bytes.size()));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) Fail("cannot read");
      if (count == 0) return bytes;
      bytes.insert(bytes.end(), block.begin(), block.begin() + count);
    }
  }

  // Leaves end_ and link_ after the last entry that is whole.
  std::vector<train::CheckpointEntry> Parse(std::span<const std::byte> bytes) {
    std::vector<train::CheckpointEntry> entries;
    StateReader reader(bytes);
    std::vector<std::byte> header;
    end_ = 0;
    reader.GetMore(header);
    reader.Get(link_);
    const std::vector<std::byte> expected = Header(run_id_, train::ToJson(record_));
    if (!reader.ok() || header != expected || link_ != DigestOf(expected)) return entries;
    while (true) {
      end_ = bytes.size() - reader.left();
      std::vector<std::byte> body;
      Digest link{};
      reader.GetMore(body);
      reader.Get(link);
      train::CheckpointEntry entry;
      if (!reader.ok() || link != Link(link_, {body}) || !ParseEntry(body, entry)) return entries;
      link_ = link;
      entries.push_back(std::move(entry));
    }
  }

  // What a process that was killed left behind the last whole entry is cut off first; what cannot
  // be written whole, after.
  void WriteAtEnd(std::initializer_list<Bytes> parts) {
    const auto end = static_cast<off_t>(end_);
    if (ftruncate(descriptor_, end) != 0) Fail("cannot truncate");
    std::size_t written = 0;
    bool whole = true;
    for (const Bytes part : parts) whole = whole && WriteAt(part, end_ + written, written);
    if (!whole || fdatasync(descriptor_) != 0) {
      const int error = errno;
      if (ftruncate(descriptor_, end) != 0) {
        // Its hash will not fit.
      }
      errno = error;
      Fail("cannot write");
    }
    end_ += written;
  }

  // False, with errno, if the system refuses. Adds to `written` what is.
  bool WriteAt(Bytes bytes, std::size_t offset, std::size_t& written) const {
    for (std::size_t done = 0; done < bytes.size();) {
      const ssize_t count = pwrite(descriptor_, bytes.data() + done, bytes.size() - done,
                                   static_cast<off_t>(offset + done));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return false;
      done += static_cast<std::size_t>(count);
      written += static_cast<std::size_t>(count);
    }
    return true;
  }

  Checkpoints& owner_;
  const std::string run_id_, path_;
  const train::RecordOptions& record_;
  int descriptor_ = -1;
  bool elsewhere_ = false;  // another process has it
  std::size_t end_ = 0;     // of the last whole entry
  Digest link_{};           // its hash
};

Checkpoints::Checkpoints(const std::string& store_path)
    : directory_(CheckpointsDirectory(store_path)) {
  std::error_code error;
  for (fs::directory_iterator entry(directory_, error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->path().extension() == kSuffix) run_ids_.insert(entry->path().stem().string());
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    throw SystemErrorFromErrno(directory_, "cannot list the checkpoints", error.value());
  }
}

std::string Checkpoints::PathOf(const std::string& run_id) const {
  return directory_ + "/" + run_id + std::string(kSuffix);
}

void Checkpoints::Note(const std::string& run_id) {
  const std::lock_guard lock(mutex_);
  run_ids_.insert(run_id);
}

std::set<std::string> Checkpoints::run_ids() const {
  const std::lock_guard lock(mutex_);
  return run_ids_;
}

std::unique_ptr<train::CheckpointLog> Checkpoints::Open(const std::string& run_id,
                                                        const train::RecordOptions& record,
                                                        bool afresh) {
  bool present = false;
  {
    const std::lock_guard lock(mutex_);
    present = run_ids_.count(run_id) != 0;
  }
  auto log = std::make_unique<Log>(*this, run_id, record, present);
  if (afresh) log->Clear();
  return log;
}

void Checkpoints::Remove(const std::vector<std::string>& run_ids) {
  const std::lock_guard lock(mutex_);
  if (run_ids_.empty()) return;
  for (const std::string& run_id : run_ids) {
    if (run_ids_.erase(run_id) != 0) unlink(PathOf(run_id).c_str());
  }
}

}  // namespace crease::store
