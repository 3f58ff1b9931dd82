// crease transitions: detects the transitions of a store's runs, or of any curve, and prints them.
#include <algorithm>
#include <exception>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <omp.h>

#include "analysis/curve/curve.h"
#include "analysis/summary/catalog_runs.h"
#include "analysis/summary/summary.h"
#include "apps/arguments.h"
#include "apps/commands.h"
#include "apps/exit_codes.h"
#include "apps/output.h"
#include "apps/report.h"
#include "apps/text.h"
#include "lib/core/error.h"
#include "lib/detect/offline.h"
#include "lib/optim/learning_rate.h"
#include "lib/store/catalog.h"
#include "lib/store/layout.h"
#include "lib/store/reader.h"

namespace crease::apps {
namespace {

namespace po = boost::program_options;

struct Request {
  std::string path, column, step_column;
  bool rising = false, json = false;
};

Grammar TransitionsGrammar() {
  Grammar grammar("transitions");
  grammar.synopsis = "STORE | FILE.csv [options]";
  grammar.description =
      "Detects the sudden drops in the loss curves of a store's runs (again, from the curves),\n"
      "or in a curve of a CSV file, and prints one row a transition: steps at which it begins,\n"
      "is half done and ends, loss before and after, drop in nats, sharpness (largest\n"
      "-d ln loss / d ln step), length of the plateau before it, z score.";
  grammar.positional = {"STORE|FILE.csv"};
  grammar.required = 1;
  grammar.options.add_options()("STORE|FILE.csv", po::value<std::string>())(
      "column", po::value<std::string>()->value_name("NAME"),
      "the curve: a column of the file, or a per-step figure of the store (default: loss)")(
      "step-column", po::value<std::string>()->value_name("NAME"),
      "the steps: a column of the file (default: step, iteration, epoch or the like, else the "
      "rows are counted)")("rising", po::bool_switch(),
                           "look for sudden rises (accuracy) instead of drops");
  AddJsonOption(grammar);
  return grammar;
}

// Curves are read by one thread and searched by all, so many at a time.
constexpr std::size_t kBatchRuns = 256;

struct Curve {
  std::size_t run;  // index
  std::vector<float> values;
};

class StoreDetection {
 public:
  StoreDetection(const Request& request, const std::vector<summary::CatalogRun>& runs)
      : request_(request), runs_(runs), detections_(runs.size()) {}

  // By the order of `runs`.
  std::vector<detect::Detection> Find() {
    std::map<std::string, std::vector<std::size_t>> by_shard;
    for (std::size_t i = 0; i < runs_.size(); ++i) by_shard[runs_[i].shard].push_back(i);
    for (const auto& [shard, members] : by_shard) FindInShard(shard, members);
    return std::move(detections_);
  }

 private:
  void FindInShard(const std::string& shard, const std::vector<std::size_t>& members) {
    const store::ShardReader reader(store::ShardsDirectory(request_.path) + "/" + shard);
    const std::string column = request_.column.empty() ? "loss" : request_.column;
    const std::vector<double> root_steps = reader.Steps("");
    std::vector<Curve> batch;
    for (const std::size_t run : members) {
      Curve curve{run, reader.Row(column, runs_[run].shard_row)};
      if (curve.values.size() != root_steps.size()) ThrowNoSuchCurve(reader.info().path, column);
      batch.push_back(std::move(curve));
      if (batch.size() == kBatchRuns || run == members.back()) {
        Search(root_steps, batch);
        batch.clear();
      }
    }
  }

  void Search(const std::vector<double>& steps, const std::vector<Curve>& batch) {
#pragma omp parallel for schedule(dynamic)
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const Curve& curve = batch[i];
      detect::OfflineOptions options;
      options.rising = request_.rising;
      const train::RunConfig& config = runs_[curve.run].config;
      options.schedule_changes = optim::ScheduleChanges(config.optim, config.steps);
      detections_[curve.run] = detect::FindTransitions(steps, curve.values, options);
    }
  }

  [[noreturn]] static void ThrowNoSuchCurve(const std::string& path, const std::string& column) {
    throw InputError(path, "has no per-step figure named '" + column + "'",
                     "`crease info " + path +
                         "` lists what the shard holds; --column takes loss, "
                         "accuracy, ...");
  }

  const Request& request_;
  const std::vector<summary::CatalogRun>& runs_;
  std::vector<detect::Detection> detections_;
};

// Runs without a verdict, by the reason: many runs share few of them.
Json NoVerdicts(const std::vector<summary::CatalogRun>& runs,
                const std::vector<detect::Detection>& detections) {
  std::map<std::string, std::vector<std::string>> by_reason;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const std::string& reason = detections[i].no_verdict;
    if (!reason.empty()) by_reason[reason].push_back(runs[i].run_id);
  }
  Json list = Json::array();
  for (const auto& [reason, ids] : by_reason) {
    Message("no verdict on " + Counted(std::ssize(ids), "run") + ": " + reason + " (" +
            ids.front() + (ids.size() > 1 ? ", ...)" : ")"));
    for (const auto& id : ids) list.push_back({{"run_id", id}, {"reason", reason}});
  }
  return list;
}

void PrintAsJson(const std::vector<TransitionRow>& rows, const Json& no_verdict) {
  Json list = Json::array();
  for (const auto& row : rows) {
    Json entry = Json::object();
    if (row.config != nullptr) entry["run_id"] = row.run_id;
    entry.update(ToJson(row.transition));
    list.push_back(std::move(entry));
  }
  PrintJson({{"transitions", list}, {"no_verdict", no_verdict}});
}

int StoreTransitions(const Request& request) {
  const store::Catalog catalog(request.path);
  const auto runs = summary::ReadRuns(catalog);
  const auto detections = StoreDetection(request, runs).Find();
  std::vector<TransitionRow> rows;
  std::vector<std::string> ids;
  std::vector<const train::RunConfig*> configs;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    ids.push_back(runs[i].run_id);
    configs.push_back(&runs[i].config);
    for (const auto& transition : detections[i].transitions) {
      rows.push_back({runs[i].run_id, &runs[i].config, transition});
    }
  }
  const Json no_verdict = NoVerdicts(runs, detections);
  if (request.json) {
    PrintAsJson(rows, no_verdict);
  } else if (rows.empty()) {
    Message("no transitions in " + Counted(std::ssize(runs), "run"));
  } else {
    PrintTransitions(Out(), rows, summary::VaryingKeys(configs), UnambiguousPrefix(ids));
  }
  return kDone;
}

int FileTransitions(const Request& request) {
  const curve::Curve curve =
      curve::ReadCsv(request.path, {.column = request.column, .step_column = request.step_column});
  if (curve.skipped_rows > 0) {
    Message("skipped " + Counted(static_cast<std::int64_t>(curve.skipped_rows), "row") + " of " +
            request.path + " without a number");
  }
  detect::OfflineOptions options;
  options.rising = request.rising;
  const auto detection = detect::FindTransitions(curve.steps, curve.values, options);
  std::vector<TransitionRow> rows;
  for (const auto& transition : detection.transitions) rows.push_back({"", nullptr, transition});
  if (!detection.no_verdict.empty()) Message("no verdict: " + detection.no_verdict);
  if (request.json) {
    PrintAsJson(rows, detection.no_verdict.empty() ? Json() : Json(detection.no_verdict));
  } else if (!rows.empty()) {
    PrintTransitions(Out(), rows, {}, 0);
  } else if (detection.no_verdict.empty()) {
    Message("no transitions in " + Counted(std::ssize(curve.values), "value"));
  }
  return kDone;
}

}  // namespace

int TransitionsCommand(const Words& words) {
  const auto arguments = ParseArguments(TransitionsGrammar(), words);
  if (!arguments) return kDone;
  const Request request{arguments->Text("STORE|FILE.csv"), arguments->Text("column"),
                        arguments->Text("step-column"), arguments->Flag("rising"),
                        arguments->Flag("json")};
  if (!std::filesystem::exists(request.path)) {
    throw InputError(request.path, "does not exist", "name a store's directory or a CSV file");
  }
  if (!std::filesystem::is_directory(request.path)) return FileTransitions(request);
  if (!request.step_column.empty()) {
    throw InputError("--step-column", "is for CSV files; a store knows its steps", "leave it out");
  }
  return StoreTransitions(request);
}

}  // namespace crease::apps
