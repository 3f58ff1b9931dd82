// crease status: what of each sweep is done, and who is at work.
#include "lib/store/status.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "apps/arguments.h"
#include "apps/commands.h"
#include "apps/exit_codes.h"
#include "apps/output.h"
#include "apps/report.h"
#include "apps/table.h"
#include "apps/text.h"
#include "lib/core/error.h"
#include "lib/store/catalog.h"
#include "lib/store/checkpoints.h"
#include "lib/store/files.h"
#include "lib/store/layout.h"
#include "lib/sweep/grid.h"
#include "lib/sweep/spec.h"

namespace crease::apps {
namespace {

namespace fs = std::filesystem;
namespace po = boost::program_options;

struct SweepStatus {
  std::string name;
  std::int64_t runs = 0;
  std::int64_t done = 0;     // in the store
  std::int64_t running = 0;  // in the hands of live workers
  std::int64_t failed = 0;   // when they were last tried
  std::int64_t missing = 0;  // in nobody's hands
  std::int64_t begun = 0;    // of all that are not done: those that have a checkpoint
  double eta_seconds = std::numeric_limits<double>::quiet_NaN();
  std::string problem;  // why the sweep file cannot be expanded, or ""
};

struct Worker {
  store::WorkerStatus status;
  std::string state;  // as the worker wrote it, or "lost"
};

Grammar StatusGrammar() {
  Grammar grammar("status");
  grammar.synopsis = "STORE [options]";
  grammar.description =
      "For each sweep file of the store, as it was run last: runs that are done, in the hands of\n"
      "live workers, failed, and missing, and how many of these go on from a checkpoint. Then the\n"
      "workers that live or were lost, and the last error.";
  grammar.positional = {"STORE"};
  grammar.required = 1;
  grammar.options.add_options()("STORE", po::value<std::string>());
  AddJsonOption(grammar);
  return grammar;
}

std::vector<Worker> ReadWorkers(const std::string& store_path) {
  std::vector<Worker> workers;
  for (auto& status : store::ReadStatus(store_path)) {
    const bool lost = store::IsLost(status);
    workers.push_back({status, lost ? "lost" : status.state});
  }
  return workers;
}

std::vector<std::string> Lines(const std::string& path) {
  std::vector<std::string> lines;
  if (!fs::exists(path)) return lines;
  std::istringstream text(store::ReadFile(path));
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

// The ids of the runs that the sweep file at `path` stands for, with the overrides kept beside it.
std::vector<std::string> PlannedIds(const fs::path& path) {
  const fs::path overrides = fs::path(path).replace_extension(".set");
  std::vector<std::string> ids;
  for (const auto& run :
       sweep::Expand(sweep::ParseSpecFile(path.string(), Lines(overrides.string())))) {
    ids.push_back(run.run_id);
  }
  return ids;
}

SweepStatus StatusOf(const fs::path& path, const std::set<std::string>& stored,
                     const std::set<std::string>& begun, const std::vector<Worker>& workers) {
  SweepStatus sweep;
  sweep.name = path.stem().string();
  std::set<std::string> open;
  try {
    for (auto& id : PlannedIds(path)) {
      ++sweep.runs;
      if (stored.count(id) > 0) {
        ++sweep.done;
      } else {
        sweep.begun += static_cast<std::int64_t>(begun.count(id));
        open.insert(std::move(id));
      }
    }
  } catch (const Error& error) {
    sweep.problem = error.what();
  }
  std::set<std::string> failed;
  for (const Worker& worker : workers) {
    const store::WorkerStatus& status = worker.status;
    if (status.sweep != sweep.name) continue;
    for (const auto& id : status.failed_runs) {
      if (open.count(id) > 0) failed.insert(id);
    }
    if (worker.state != "running") continue;
    sweep.running +=
        std::max<std::int64_t>(0, status.runs_total - status.runs_failed - status.runs_sealed);
    // The sweep is done when its last worker is.
    if (!(sweep.eta_seconds >= status.eta_seconds)) sweep.eta_seconds = status.eta_seconds;
  }
  sweep.failed = std::ssize(failed);
  sweep.running = std::min(sweep.running, std::ssize(open) - sweep.failed);
  sweep.missing = std::ssize(open) - sweep.failed - sweep.running;
  return sweep;
}

std::vector<SweepStatus> ReadSweeps(const std::string& store_path,
                                    const std::vector<Worker>& workers) {
  const std::set<std::string> stored = store::Catalog(store_path).RunIds();
  const std::set<std::string> begun = store::Checkpoints(store_path).run_ids();
  std::vector<fs::path> paths;
  const fs::path folder = store::SweepsDirectory(store_path);
  if (fs::is_directory(folder)) {
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().extension() == ".toml") paths.push_back(entry.path());
    }
  }
  std::sort(paths.begin(), paths.end());
  std::vector<SweepStatus> sweeps;
  sweeps.reserve(paths.size());
  for (const auto& path : paths) sweeps.push_back(StatusOf(path, stored, begun, workers));
  return sweeps;
}

const Worker* LastError(const std::vector<Worker>& workers) {
  const Worker* last = nullptr;
  for (const Worker& worker : workers) {
    if (worker.status.last_error.empty()) continue;
    if (last == nullptr || worker.status.heartbeat_utc > last->status.heartbeat_utc) last = &worker;
  }
  return last;
}

Json AsJson(const Worker& worker) {
  const store::WorkerStatus& s = worker.status;
  return {{"worker", s.worker},
          {"state", worker.state},
          {"host", s.host},
          {"pid", s.pid},
          {"sweep", s.sweep},
          {"command", s.command},
          {"started_utc", s.started_utc},
          {"heartbeat_utc", s.heartbeat_utc},
          {"runs_total", s.runs_total},
          {"runs_done", s.runs_done},
          {"runs_sealed", s.runs_sealed},
          {"runs_failed", s.runs_failed},
          {"runs_diverged", s.runs_diverged},
          {"steps_total", s.steps_total},
          {"steps_done", s.steps_done},
          {"steps_per_second", s.steps_per_second},
          {"eta_seconds", s.eta_seconds},
          {"transitions", s.transitions},
          {"last_error", s.last_error}};
}

Json AsJson(const std::string& store_path, const std::vector<SweepStatus>& sweeps,
            const std::vector<Worker>& workers) {
  Json sweep_list = Json::array(), worker_list = Json::array(), last_error;
  for (const SweepStatus& sweep : sweeps) {
    sweep_list.push_back({{"name", sweep.name},
                          {"runs", sweep.runs},
                          {"done", sweep.done},
                          {"running", sweep.running},
                          {"failed", sweep.failed},
                          {"missing", sweep.missing},
                          {"with_checkpoint", sweep.begun},
                          {"eta_seconds", sweep.eta_seconds},
                          {"problem", sweep.problem}});
  }
  for (const Worker& worker : workers) worker_list.push_back(AsJson(worker));
  if (const Worker* last = LastError(workers)) {
    last_error = {{"worker", last->status.worker},
                  {"heartbeat_utc", last->status.heartbeat_utc},
                  {"message", last->status.last_error}};
  }
  return {{"store", store_path},
          {"sweeps", sweep_list},
          {"workers", worker_list},
          {"last_error", last_error}};
}

void PrintSweeps(const std::vector<SweepStatus>& sweeps) {
  Table table;
  table.AddColumn("sweep", false);
  for (const char* title :
       {"runs", "done", "running", "failed", "missing", "with checkpoint", "ETA"}) {
    table.AddColumn(title);
  }
  for (const SweepStatus& sweep : sweeps) {
    std::vector<std::string> row{sweep.name};
    for (const std::int64_t count :
         {sweep.runs, sweep.done, sweep.running, sweep.failed, sweep.missing, sweep.begun}) {
      row.push_back(sweep.problem.empty() ? std::to_string(count) : "?");
    }
    row.push_back(FormatDuration(sweep.eta_seconds));
    table.AddRow(std::move(row));
  }
  table.Print(Out());
}

void PrintWorkers(const std::vector<Worker>& workers) {
  Table table;
  for (const char* title : {"worker", "state", "sweep"}) table.AddColumn(title, false);
  for (const char* title : {"runs", "of", "steps/s", "ETA"}) table.AddColumn(title);
  table.AddColumn("heartbeat", false);
  for (const Worker& worker : workers) {
    if (worker.state != "running" && worker.state != "lost") continue;
    const store::WorkerStatus& status = worker.status;
    const bool lost = worker.state == "lost";
    table.AddRow({status.worker, worker.state, status.sweep, std::to_string(status.runs_done),
                  std::to_string(status.runs_total),
                  lost ? "-" : FormatRate(status.steps_per_second),
                  lost ? "-" : FormatDuration(status.eta_seconds), status.heartbeat_utc});
  }
  if (table.empty()) return;
  Out() << '\n';
  table.Print(Out());
}

void Print(const std::vector<SweepStatus>& sweeps, const std::vector<Worker>& workers) {
  PrintSweeps(sweeps);
  PrintWorkers(workers);
  const Worker* last = LastError(workers);
  if (last != nullptr) {
    Out() << "\nlast error (" << last->status.worker << ", " << last->status.heartbeat_utc
          << "): " << last->status.last_error << '\n';
  }
}

}  // namespace

int StatusCommand(const Words& words) {
  const auto arguments = ParseArguments(StatusGrammar(), words);
  if (!arguments) return kDone;
  const std::string store_path = arguments->Text("STORE");
  store::RequireStore(store_path);
  const auto workers = ReadWorkers(store_path);
  const auto sweeps = ReadSweeps(store_path, workers);
  for (const SweepStatus& sweep : sweeps) {
    if (!sweep.problem.empty()) Message("sweep " + sweep.name + ": " + sweep.problem);
  }
  if (arguments->Flag("json")) {
    PrintJson(AsJson(store_path, sweeps, workers));
  } else {
    Print(sweeps, workers);
  }
  return kDone;
}

}  // namespace crease::apps
