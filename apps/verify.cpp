// crease verify: checks every byte of a store, and trains some of its runs again.
#include "lib/store/verify.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <system_error>
#include <vector>

#include <omp.h>

#include "apps/arguments.h"
#include "apps/commands.h"
#include "apps/exit_codes.h"
#include "apps/output.h"
#include "apps/progress.h"
#include "apps/report.h"
#include "apps/retrain.h"
#include "apps/signals.h"
#include "apps/text.h"
#include "lib/core/error.h"
#include "lib/store/reader.h"

namespace crease::apps {
namespace {

namespace fs = std::filesystem;
namespace po = boost::program_options;

constexpr std::size_t kDefaultSample = 4;
constexpr std::size_t kListedReasons = 5;

struct Request {
  std::string path;
  bool is_store = false, all = false, repair = false;
  std::size_t sample = kDefaultSample;
  int threads = 1;
};

Grammar VerifyGrammar() {
  Grammar grammar("verify");
  grammar.synopsis = "STORE | FILE.h5 [options]";
  grammar.description =
      "Compares the digest of every shard's bytes, decodes every value, holds the contents "
      "against\n"
      "the file format, and trains some runs again to compare their digests. Goes on after a "
      "fault\n"
      "and ends with exit code 3. Of a run that was stored several times with different digests,\n"
      "the copies are always compared with a training.";
  grammar.positional = {"STORE|FILE.h5"};
  grammar.required = 1;
  grammar.options.add_options()("STORE|FILE.h5", po::value<std::string>())(
      "sample", po::value<std::string>()->value_name("N"),
      "train N runs again, drawn at random, always the same for the same store (default: 4)")(
      "all", po::bool_switch(), "train every run again")(
      "repair", po::bool_switch(),
      "move shards in which there is a fault to STORE/damaged, so that `crease run` trains their "
      "runs again")("threads", po::value<std::string>()->value_name("N"),
                    "values decoded and runs trained at a time (default: one a processor)");
  AddJsonOption(grammar);
  return grammar;
}

Request ReadRequest(const Arguments& arguments) {
  Request request;
  request.path = arguments.Text("STORE|FILE.h5");
  while (request.path.size() > 1 && request.path.back() == '/') request.path.pop_back();
  request.all = arguments.Flag("all");
  request.repair = arguments.Flag("repair");
  if (request.all && arguments.Has("sample")) {
    throw InputError("--sample", "says something else than --all", "give one of them");
  }
  if (arguments.Has("sample")) {
    request.sample = static_cast<std::size_t>(
        IntegerOption("--sample", arguments.Text("sample"), 0, 1'000'000'000));
  }
  request.threads =
      arguments.Has("threads")
          ? static_cast<int>(IntegerOption("--threads", arguments.Text("threads"), 1, 4096))
          : omp_get_num_procs();
  std::error_code error;
  request.is_store = !fs::is_regular_file(request.path, error);
  if (request.repair && !request.is_store) {
    throw InputError("--repair", "is for stores, " + request.path + " is a file",
                     "copy the file again from where it came");
  }
  return request;
}

struct Difference {
  std::string run_id, file, stored, trained;
};

struct Conflict {
  store::RunCopy standing, other;
};

struct Verification {
  std::vector<store::FileReport> files;  // without the runs of sound ones
  std::uint64_t bytes = 0;
  std::int64_t data_sets = 0, unsealed = 0;
  std::map<std::string, std::vector<store::RunCopy>> copies;  // by run id; of sound files
  std::vector<Conflict> conflicts;                            // that no training could settle
  std::size_t sampled = 0;
  Retrained retrained;
  std::vector<Difference> differences;
  std::map<std::string, std::string> repaired;  // from, to
  std::set<std::string> to_train;               // runs without a sound copy left
  std::int64_t unknown_files = 0;               // repaired, whose runs cannot be told
  bool stopped = false;
};

void CheckFiles(const Request& request, StopToken& stop, Verification& result) {
  const std::vector<std::string> paths =
      request.is_store ? store::ListShards(request.path) : std::vector{request.path};
  double total = 0, done = 0;
  std::error_code ignored;
  for (const std::string& path : paths) total += static_cast<double>(fs::file_size(path, ignored));
  ProgressPrinter printer;
  store::VerifyControls controls{
      .threads = request.threads, .stop = &stop, .in_store = request.is_store};
  controls.progress = [&](std::uint64_t bytes) {
    done += static_cast<double>(bytes);
    printer.Update("checked " + FormatCount(std::ssize(result.files)) + "/" +
                   Counted(std::ssize(paths), "file") + ", " + FormatBytes(done) + " of " +
                   FormatBytes(total));
  };
  for (const std::string& path : paths) {
    store::FileReport report = store::VerifyFile(path, controls);
    if (report.stopped || stop.requested()) {
      result.stopped = true;
      return;
    }
    for (const store::Finding& finding : report.findings) {
      Message(RedForMessages("damaged:") + " " + path +
              (finding.dataset.empty() ? "" : ": " + finding.dataset) + ": " + finding.what);
    }
    result.bytes += report.bytes;
    result.data_sets += report.datasets;
    result.unsealed += report.sealed || !report.findings.empty() ? 0 : 1;
    if (report.findings.empty()) {
      for (store::RunCopy& copy : report.runs) {
        std::string id = copy.run_id;
        result.copies[std::move(id)].push_back(std::move(copy));
      }
      report.runs.clear();
    }
    result.files.push_back(std::move(report));
  }
}

// The runs to train again: those whose copies differ, and the sample.
std::vector<store::RunCopy> Choose(const Request& request, Verification& result) {
  std::vector<store::RunCopy> chosen;
  std::vector<std::string> others;
  for (const auto& [id, copies] : result.copies) {
    const std::vector<std::size_t> counting = store::CountingCopies(copies);
    for (const std::size_t other : store::ConflictingCopies(copies)) {
      result.conflicts.push_back({copies[counting.front()], copies[other]});
    }
    const bool differ = !store::ConflictingCopies(copies).empty();
    if (differ && (request.all || request.sample > 0)) {
      chosen.push_back(copies[counting.front()]);
    } else if (!differ) {
      others.push_back(id);
    }
  }
  if (!request.all) others = SampleOf(others, request.sample);
  for (const std::string& id : others) {
    const auto& copies = result.copies.at(id);
    chosen.push_back(copies[store::CountingCopies(copies).front()]);
  }
  return chosen;
}

void CompareRuns(const Request& request, StopToken& stop, Verification& result) {
  const std::vector<store::RunCopy> chosen = Choose(request, result);
  result.sampled = chosen.size();
  result.retrained = TrainAgain(chosen, request.threads, stop);
  result.stopped = result.retrained.stopped;
  for (const auto& [id, digest] : result.retrained.digests) {
    const auto& copies = result.copies.at(id);
    for (const std::size_t i : store::CountingCopies(copies)) {
      if (copies[i].digest == digest) continue;
      result.differences.push_back({id, copies[i].shard, copies[i].digest, digest});
      Message(RedForMessages("damaged:") + " " + copies[i].shard + ": run " + id + " has digest " +
              copies[i].digest + "; trained again it gives " + digest);
    }
  }
  std::erase_if(result.conflicts, [&](const Conflict& conflict) {
    return result.retrained.digests.count(conflict.standing.run_id) != 0;
  });
  for (const Conflict& conflict : result.conflicts) {
    Message(RedForMessages("damaged:") + " run " + conflict.standing.run_id + " " +
            store::DescribeConflict(conflict.standing, conflict.other));
  }
}

std::set<std::string> FaultyFiles(const Verification& result) {
  std::set<std::string> faulty;
  for (const store::FileReport& report : result.files) {
    if (!report.findings.empty()) faulty.insert(report.path);
  }
  for (const Difference& difference : result.differences) faulty.insert(difference.file);
  return faulty;
}

void Repair(const Request& request, Verification& result) {
  const std::set<std::string> faulty = FaultyFiles(result);
  for (const std::string& path : faulty) {
    result.repaired[path] = store::MoveAside(request.path, path);
    Message("moved " + path + " to " + result.repaired[path]);
  }
  const auto is_kept = [&](const store::RunCopy& copy) { return faulty.count(copy.shard) == 0; };
  for (const auto& [id, copies] : result.copies) {
    if (std::none_of(copies.begin(), copies.end(), is_kept)) result.to_train.insert(id);
  }
  for (const store::FileReport& report : result.files) {
    if (report.findings.empty()) continue;
    if (!report.runs_are_known) ++result.unknown_files;
    for (const store::RunCopy& run : report.runs) {
      if (result.copies.count(run.run_id) == 0) result.to_train.insert(run.run_id);
    }
  }
}

bool IsSound(const Verification& result) {
  return FaultyFiles(result).empty() && result.conflicts.empty();
}

int ExitCodeOf(const Request& request, const Verification& result) {
  if (result.stopped) return kInterrupted;
  if (IsSound(result)) return kDone;
  return request.repair && result.conflicts.empty() ? kDone : kDamaged;
}

Json AsJson(const Request& request, const Verification& result, bool done) {
  Json damaged = Json::array(), differ = Json::array(), conflicts = Json::array();
  Json not_comparable = Json::array(), repaired = Json::array();
  for (const store::FileReport& report : result.files) {
    for (const store::Finding& finding : report.findings) {
      damaged.push_back(
          {{"file", report.path}, {"data_set", finding.dataset}, {"what", finding.what}});
    }
  }
  for (const Difference& one : result.differences) {
    differ.push_back({{"run_id", one.run_id},
                      {"file", one.file},
                      {"stored", one.stored},
                      {"trained", one.trained}});
  }
  for (const auto& [standing, other] : result.conflicts) {
    conflicts.push_back({{"run_id", standing.run_id},
                         {"files", {standing.shard, other.shard}},
                         {"digests", {standing.digest, other.digest}}});
  }
  for (const auto& [id, reason] : result.retrained.not_comparable) {
    not_comparable.push_back({{"run_id", id}, {"why", reason}});
  }
  for (const auto& [from, to] : result.repaired) repaired.push_back({{"from", from}, {"to", to}});
  return {{request.is_store ? "store" : "file", request.path},
          {"sound", IsSound(result) && done},
          {"files", result.files.size()},
          {"bytes", result.bytes},
          {"data_sets", result.data_sets},
          {"runs", result.copies.size()},
          {"files_without_digest", result.unsealed},
          {"damaged", damaged},
          {"runs_trained_again", result.retrained.digests.size()},
          {"differ", differ},
          {"conflicts", conflicts},
          {"not_comparable", not_comparable},
          {"repaired", repaired},
          {"runs_to_train", result.to_train.size()},
          {"interrupted", result.stopped}};
}

void PrintRetrained(const Verification& result) {
  const auto& [digests, not_comparable, stopped] = result.retrained;
  if (result.sampled == 0) return;
  std::set<std::string> differing;
  for (const Difference& one : result.differences) differing.insert(one.run_id);
  Out() << Counted(std::ssize(digests), "run") << " trained again: ";
  if (differing.empty()) {
    Out() << (digests.empty() ? "nothing to compare" : "all digests agree");
  } else {
    Out() << Counted(std::ssize(differing), "run") << " with another digest";
  }
  Out() << '\n';
  if (not_comparable.empty()) return;
  Out() << Counted(std::ssize(not_comparable), "run") << " not comparable\n";
  std::size_t listed = 0;
  for (const auto& [id, reason] : not_comparable) {
    if (listed++ == kListedReasons) break;
    Out() << "  " << id << ": " << reason << '\n';
  }
}

void Print(const Request& request, const Verification& result) {
  std::int64_t damaged = 0;
  for (const store::FileReport& report : result.files) damaged += report.findings.empty() ? 0 : 1;
  Out() << request.path << ": " << Counted(std::ssize(result.files), "file") << ", "
        << Counted(std::ssize(result.copies), "sound run") << ", "
        << Counted(result.data_sets, "data set") << ", "
        << FormatBytes(static_cast<double>(result.bytes)) << ": "
        << (damaged == 0 ? "every byte is as it was written"
                         : Counted(damaged, "file") + " damaged")
        << '\n';
  if (result.unsealed > 0) {
    Out() << Counted(result.unsealed, "file")
          << " of format 1.0 without a digest of all bytes: only values were checked\n";
  }
  PrintRetrained(result);
}

void TellRemedy(const Request& request, const Verification& result) {
  if (request.repair) {
    if (result.repaired.empty()) return;
    std::string text = "`crease run` will train " + Counted(std::ssize(result.to_train), "run") +
                       " of what was moved again; of the others there are sound copies";
    if (result.unknown_files > 0) {
      text += "\n  which runs were in " + Counted(result.unknown_files, "shard") +
              " cannot be told any more: `crease run` trains those that are missing";
    }
    Message(text);
  } else if (request.is_store && !FaultyFiles(result).empty()) {
    Message("  remedy: copy the shards again from where they came; or `crease verify " +
            request.path + " --repair` moves them aside, and `crease run` trains their runs again");
  }
  if (!result.conflicts.empty()) {
    Message(
        "  remedy: keep one of the shards that differ; a build of their numerics version "
        "tells which by `crease verify " +
        request.path + " --repair`");
  }
}

}  // namespace

int VerifyCommand(const Words& words) {
  const auto arguments = ParseArguments(VerifyGrammar(), words);
  if (!arguments) return kDone;
  const Request request = ReadRequest(*arguments);
  StopToken stop;
  const SignalGuard signals(stop);
  Verification result;
  CheckFiles(request, stop, result);
  if (!result.stopped) CompareRuns(request, stop, result);
  if (!result.stopped && request.repair) Repair(request, result);
  if (arguments->Flag("json")) {
    PrintJson(AsJson(request, result, !result.stopped));
  } else if (!result.stopped) {
    Print(request, result);
  }
  if (result.stopped) {
    Message("interrupted: " + Counted(std::ssize(result.files), "file") + " checked");
  } else {
    TellRemedy(request, result);
  }
  return ExitCodeOf(request, result);
}

}  // namespace crease::apps
