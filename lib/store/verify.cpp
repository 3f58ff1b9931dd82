#include "lib/store/verify.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>

#include "lib/core/error.h"
#include "lib/store/files.h"
#include "lib/store/format.h"
#include "lib/store/hdf5_source.h"
#include "lib/store/layout.h"
#include "lib/store/reader.h"
#include "lib/store/structure.h"

namespace crease::store {
namespace {

namespace fs = std::filesystem;

// Calls work(0) ... work(count - 1), in this order at the beginning, on some threads. What one of
// them throws is thrown again when all have ended.
void ShareOut(std::size_t count, int threads, const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next{0};
  std::exception_ptr error;
  std::mutex mutex;
  const auto loop = [&] {
    try {
      for (std::size_t i = next++; i < count; i = next++) work(i);
    } catch (...) {
      const std::lock_guard lock(mutex);
      error = std::current_exception();
      next = count;
    }
  };
  std::vector<std::thread> helpers;
  for (int i = 1; i < threads; ++i) helpers.emplace_back(loop);
  loop();
  for (std::thread& helper : helpers) helper.join();
  if (error) std::rethrow_exception(error);
}

std::string AttributeOf(const Hdf5Source& source, const std::string& group,
                        const std::string& name) {
  for (const auto& [key, value] : source.Attributes(group)) {
    if (key == name) return value;
  }
  return "";
}

class FileCheck {
 public:
  FileCheck(const Hdf5Source& source, const VerifyControls& controls, FileReport& report)
      : source_(source), controls_(controls), report_(report) {}

  void Run() {
    report_.bytes = source_.size_bytes();
    report_.sealed = source_.seal().has_value();
    if (!CheckOpening()) return;
    Guard("", [&] {
      const auto note = [&](const Error& error) { AddError("", error); };
      for (const std::string& path : source_.Datasets(note)) Collect(path);
    });
    DecodeAll();
    report_.stopped = Stopped();
    if (report_.stopped) return;
    AddDigest();
    if (report_.findings.empty()) {
      for (const std::string& group : groups_) CheckGroup(group);
    }
    ReadRuns();
  }

 private:
  struct Task {
    const SourceDataset* dataset;
    ChunkPlace place;
    std::size_t raw_bytes;
  };

  bool Stopped() const { return controls_.stop != nullptr && controls_.stop->requested(); }
  void Add(const std::string& dataset, const std::string& what);
  void AddError(const std::string& group, const Error& error);
  template <typename Work>
  bool Guard(const std::string& group, Work&& work);
  bool CheckOpening();
  void Collect(const std::string& path);
  void DecodeAll();
  void Decode(const Task& task);
  bool Tell(std::uint64_t bytes);
  void AddDigest();
  void CheckGroup(const std::string& group);
  void ReadRuns();

  const Hdf5Source& source_;
  const VerifyControls& controls_;
  FileReport& report_;
  std::vector<std::string> groups_;  // that are shards
  std::vector<std::unique_ptr<SourceDataset>> datasets_;
  std::vector<Task> tasks_;
  std::string digest_;
  std::mutex mutex_;  // guards the report and progress while chunks are decoded
};

// The first fault of a data set is enough.
void FileCheck::Add(const std::string& dataset, const std::string& what) {
  for (const Finding& finding : report_.findings) {
    if (finding.dataset == dataset) return;
  }
  report_.findings.push_back({dataset, what});
}

void FileCheck::AddError(const std::string& group, const Error& error) {
  const std::string start = report_.path + ": ";
  const bool names_dataset = error.place().compare(0, start.size(), start) == 0;
  Add(names_dataset ? error.place().substr(start.size()) : group, error.problem());
}

// False, and a finding, where `work` throws Error(kDamaged).
template <typename Work>
bool FileCheck::Guard(const std::string& group, Work&& work) {
  try {
    work();
    return true;
  } catch (const Error& error) {
    if (error.fault() != Fault::kDamaged) throw;
    AddError(group, error);
    return false;
  }
}

// Whether there is any sense in looking further.
bool FileCheck::CheckOpening() {
  bool is_ours = false;
  Guard("", [&] {
    const int shapes = std::atoi(AttributeOf(source_, "", kShapesAttribute).c_str());
    for (int i = 0; i < std::min(shapes, kMostShapes); ++i) groups_.push_back(ShapeGroup(i));
    if (groups_.empty()) groups_.emplace_back();
    const bool has_name = AttributeOf(source_, "", "format") == kFormatName;
    is_ours =
        has_name && std::atoi(AttributeOf(source_, "", "format_version").c_str()) <= kFormatMajor;
    const ShardReader opened(report_.path, controls_.in_store ? "" : groups_.front());
  });
  return is_ours;
}

void FileCheck::Collect(const std::string& path) {
  Guard("", [&] {
    auto dataset = source_.Find(path);
    if (!dataset) source_.Damaged(path, "is missing");
    ++report_.datasets;
    if (!dataset->layout) return;
    datasets_.push_back(std::make_unique<SourceDataset>(std::move(*dataset)));
    const SourceDataset& kept = *datasets_.back();
    for (std::size_t i = 0; i < kept.layout->count(); ++i) {
      tasks_.push_back(
          {&kept, source_.Locate(kept, kept.layout->At(i)), kept.layout->chunk_bytes()});
    }
  });
}

// False: stop.
bool FileCheck::Tell(std::uint64_t bytes) {
  if (controls_.progress) {
    const std::lock_guard lock(mutex_);
    controls_.progress(bytes);
  }
  return !Stopped();
}

void FileCheck::Decode(const Task& task) {
  thread_local std::vector<std::byte> raw;
  raw.resize(task.raw_bytes);
  const std::string fault = source_.Load(task.place, task.dataset->element_bytes, raw);
  if (fault.empty()) return;
  const std::lock_guard lock(mutex_);
  Add(task.dataset->path, fault);
}

// The digest is one task among those of the chunks, and the longest: it comes first.
void FileCheck::DecodeAll() {
  ShareOut(tasks_.size() + 1, controls_.threads, [&](std::size_t i) {
    if (Stopped()) return;
    if (i > 0) return Decode(tasks_[i - 1]);
    if (source_.seal()) {
      digest_ = source_.ActualDigest([&](std::uint64_t bytes) { return Tell(bytes); });
    } else {
      Tell(report_.bytes);
    }
  });
}

void FileCheck::AddDigest() {
  if (!source_.seal()) return;
  report_.digest_differs = digest_ != source_.seal()->digest;
  if (!report_.digest_differs || !report_.findings.empty()) return;
  Add("", "has digest " + digest_ + ", and was sealed with " + source_.seal()->digest +
              ": something changed outside of all values, in metadata or in unused space");
}

void FileCheck::CheckGroup(const std::string& group) {
  const std::string prefix = group.empty() ? "" : "/" + group;
  Guard(prefix, [&] {
    const ShardReader reader(report_.path, group);
    for (const Finding& finding : CheckStructure(reader, report_.sealed)) {
      Add(prefix + finding.dataset, finding.what);
    }
  });
}

void FileCheck::ReadRuns() {
  const std::vector<Finding> findings = report_.findings;
  report_.runs_are_known = true;
  for (const std::string& group : groups_) {
    const bool read = Guard("", [&] {
      for (RunCopy& copy : ReadCopies(ShardReader(report_.path, group), group)) {
        report_.runs.push_back(std::move(copy));
      }
    });
    report_.runs_are_known = report_.runs_are_known && read;
  }
  if (!findings.empty()) report_.findings = findings;
}

int RenameUnlessThere(const std::string& from, const std::string& to) {
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  // File systems that cannot do both in one.
  if (errno != EINVAL && errno != ENOSYS) return errno;
  if (access(to.c_str(), F_OK) == 0) return EEXIST;
  return rename(from.c_str(), to.c_str()) == 0 ? 0 : errno;
}

}  // namespace

std::vector<RunCopy> ReadCopies(const ShardReader& reader, const std::string& group) {
  const ShardInfo& info = reader.info();
  RunCopy common;
  common.shard = info.path;
  common.group = group;
  common.created_utc = info.Attribute("created_utc");
  common.replaces = info.Attribute("replaces_runs") == "1";
  common.numerics_version = std::atoi(info.Attribute("numerics_version").c_str());
  for (const auto& [key, value] : reader.source().Attributes("data")) {
    if (key == "digest") common.data_digest = value;
  }
  std::vector<RunCopy> copies;
  for (StoredRun& run : reader.Runs()) {
    copies.push_back(common);
    copies.back().run_id = std::move(run.run_id);
    copies.back().digest = std::move(run.digest);
    copies.back().row = std::ssize(copies) - 1;
  }
  return copies;
}

FileReport VerifyFile(const std::string& path, const VerifyControls& controls) {
  FileReport report;
  report.path = path;
  try {
    const Hdf5Source source(path);
    FileCheck(source, controls, report).Run();
  } catch (const Error& error) {
    if (error.fault() != Fault::kDamaged) throw;
    report.findings.push_back({"", error.problem()});
  }
  return report;
}

std::string MoveAside(const std::string& store_path, const std::string& shard_path) {
  const std::string directory = DamagedDirectory(store_path);
  std::error_code error;
  fs::create_directory(directory, error);
  if (error) throw SystemErrorFromErrno(directory, "cannot make the directory", error.value());
  SyncDirectory(store_path);
  const std::string base = directory + "/" + fs::path(shard_path).stem().string();
  std::string target = base + ".h5";
  for (int copy = 1;; ++copy) {
    const int fault = RenameUnlessThere(shard_path, target);
    if (fault == 0) break;
    if (fault != EEXIST) throw SystemErrorFromErrno(shard_path, "cannot move it aside", fault);
    target = base + "-" + std::to_string(copy) + ".h5";
  }
  SyncDirectory(directory);
  SyncDirectory(ShardsDirectory(store_path));
  return target;
}

}  // namespace crease::store
