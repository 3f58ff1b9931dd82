#include "lib/store/status.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <sstream>
#include <system_error>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "lib/core/error.h"
#include "lib/store/files.h"
#include "lib/store/layout.h"

namespace crease::store {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

// Calls visit(name, field) for every field, so that writing and reading cannot differ.
template <typename Status, typename Visit>
void ForEachField(Status& status, const Visit& visit) {
  visit("worker", status.worker);
  visit("pid", status.pid);
  visit("host", status.host);
  visit("sweep", status.sweep);
  visit("command", status.command);
  visit("shard_index", status.shard_index);
  visit("shard_count", status.shard_count);
  visit("state", status.state);
  visit("started_utc", status.started_utc);
  visit("heartbeat_utc", status.heartbeat_utc);
  visit("process_start", status.process_start);
  visit("runs_total", status.runs_total);
  visit("runs_done", status.runs_done);
  visit("runs_failed", status.runs_failed);
  visit("runs_diverged", status.runs_diverged);
  visit("runs_sealed", status.runs_sealed);
  visit("failed_runs", status.failed_runs);
  visit("steps_total", status.steps_total);
  visit("steps_done", status.steps_done);
  visit("steps_per_second", status.steps_per_second);
  visit("eta_seconds", status.eta_seconds);
  visit("transitions", status.transitions);
  visit("last_error", status.last_error);
}

void Get(const Json& json, std::string& field) {
  if (json.is_string()) field = json.get<std::string>();
}
void Get(const Json& json, std::int64_t& field) {
  if (json.is_number_integer()) field = json.get<std::int64_t>();
}
void Get(const Json& json, std::vector<std::string>& field) {
  if (!json.is_array()) return;
  for (const Json& entry : json) {
    if (entry.is_string()) field.push_back(entry.get<std::string>());
  }
}
// JSON has no NaN; null stands for it.
void Get(const Json& json, double& field) {
  field = json.is_number() ? json.get<double>() : std::numeric_limits<double>::quiet_NaN();
}

double SecondsSince(const std::string& utc) {
  struct tm when {};
  if (strptime(utc.c_str(), "%Y-%m-%dT%H:%M:%S", &when) == nullptr) {
    return std::numeric_limits<double>::infinity();
  }
  return std::difftime(std::time(nullptr), timegm(&when));
}

std::string FirstLine(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// When the process started, in ticks since this machine did; "" if it is not there, or if nobody
// can tell.
std::string ProcessStart(std::int64_t pid) {
  const std::string stat = FirstLine("/proc/" + std::to_string(pid) + "/stat");
  // The second field, in parentheses, may hold anything; the start is the 22nd.
  const std::size_t after_name = stat.rfind(')');
  if (after_name == std::string::npos) return "";
  std::istringstream fields(stat.substr(after_name + 1));
  std::string field;
  for (int i = 3; i <= 22; ++i) fields >> field;
  return fields ? FirstLine("/proc/sys/kernel/random/boot_id") + "/" + field : "";
}

std::string StatusPath(const std::string& store_path, const WorkerStatus& status) {
  return StatusDirectory(store_path) + "/" + status.worker + ".json";
}

}  // namespace

WorkerStatus NewWorkerStatus() {
  WorkerStatus status;
  status.pid = getpid();
  status.host = HostName();
  status.worker = status.host + "-" + std::to_string(status.pid);
  status.state = "running";
  status.started_utc = UtcNow();
  status.process_start = ProcessStart(status.pid);
  status.eta_seconds = std::numeric_limits<double>::quiet_NaN();
  return status;
}

void WriteStatus(const std::string& store_path, const WorkerStatus& worker) {
  WorkerStatus status = worker;
  status.heartbeat_utc = UtcNow();
  Json json;
  ForEachField(status, [&](const char* name, const auto& field) { json[name] = field; });
  const std::string text = json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  AtomicWriteFile(StatusPath(store_path, status), text, TemporaryDirectory(store_path), false);
}

std::vector<WorkerStatus> ReadStatus(const std::string& store_path) {
  RequireStore(store_path);
  std::vector<WorkerStatus> all;
  std::error_code error;
  for (fs::directory_iterator entry(StatusDirectory(store_path), error), end;
       !error && entry != end; entry.increment(error)) {
    if (entry->path().extension() != ".json") continue;
    try {
      const Json json = Json::parse(ReadFile(entry->path().string()), nullptr, false);
      if (!json.is_object()) continue;
      WorkerStatus status;
      ForEachField(status, [&](const char* name, auto& field) {
        if (json.contains(name)) Get(json[name], field);
      });
      all.push_back(std::move(status));
    } catch (const Error&) {
      continue;  // it was removed, or is not ours to read
    }
  }
  std::sort(all.begin(), all.end(),
            [](const WorkerStatus& a, const WorkerStatus& b) { return a.worker < b.worker; });
  return all;
}

bool IsLost(const WorkerStatus& status, double silent_seconds) {
  if (status.state != "running") return false;
  if (status.host == HostName()) {
    if (kill(static_cast<pid_t>(status.pid), 0) != 0 && errno == ESRCH) return true;
    const std::string start = ProcessStart(status.pid);
    if (!start.empty() && !status.process_start.empty()) return start != status.process_start;
  }
  return SecondsSince(status.heartbeat_utc) > silent_seconds;
}

void RemoveOldStatus(const std::string& store_path, const std::string& command) {
  constexpr double kDaySeconds = 86'400;
  const std::vector<WorkerStatus> all = ReadStatus(store_path);
  std::map<std::string, std::string> last_of_sweep;
  for (const WorkerStatus& status : all) {
    std::string& last = last_of_sweep[status.sweep];
    last = std::max(last, status.heartbeat_utc);
  }
  for (const WorkerStatus& status : all) {
    const bool lost = IsLost(status);
    if (status.host != HostName() || (status.state == "running" && !lost)) continue;
    const bool old = SecondsSince(status.heartbeat_utc) > kDaySeconds &&
                     status.heartbeat_utc != last_of_sweep[status.sweep];
    if (!old && !(lost && status.command == command)) continue;
    std::error_code ignored;
    fs::remove(StatusPath(store_path, status), ignored);
  }
}

}  // namespace crease::store
