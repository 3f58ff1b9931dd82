// crease info: versions, this machine, the header of a shard, a store at a glance.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include <hdf5.h>
#include <omp.h>
#include <sqlite3.h>

#include "analysis/summary/catalog_runs.h"
#include "apps/arguments.h"
#include "apps/commands.h"
#include "apps/exit_codes.h"
#include "apps/output.h"
#include "apps/report.h"
#include "apps/text.h"
#include "apps/version.h"
#include "lib/core/build_info.h"
#include "lib/core/error.h"
#include "lib/core/numerics_version.h"
#include "lib/kernels/target.h"
#include "lib/store/catalog.h"
#include "lib/store/layout.h"
#include "lib/store/reader.h"

namespace crease::apps {
namespace {

namespace fs = std::filesystem;
namespace po = boost::program_options;

Grammar InfoGrammar() {
  Grammar grammar("info");
  grammar.synopsis = "[FILE | STORE] [options]";
  grammar.description =
      "Without an argument: versions, processor, and the instruction sets that the kernels were\n"
      "built for and this processor has. With a shard or a packed file: its header. With a store: "
      "what is in\n"
      "it.";
  grammar.positional = {"FILE|STORE"};
  grammar.options.add_options()("FILE|STORE", po::value<std::string>());
  AddJsonOption(grammar);
  return grammar;
}

std::string CpuModel() {
  std::ifstream cpuinfo("/proc/cpuinfo");
  for (std::string line; std::getline(cpuinfo, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) {
      return line.substr(colon + 2);
    }
  }
  return "unknown";
}

Json MachineInfo() {
  const BuildInfo& build = GetBuildInfo();
  return {{"version", build.version},
          {"git_commit", build.git_commit},
          {"numerics_version", kNumericsVersion},
          {"compiler", build.compiler},
          {"flags", build.flags},
          {"hdf5_version", std::to_string(H5_VERS_MAJOR) + "." + std::to_string(H5_VERS_MINOR) +
                               "." + std::to_string(H5_VERS_RELEASE)},
          {"sqlite_version", sqlite3_libversion()},
          {"cpu", CpuModel()},
          {"threads", omp_get_num_procs()},
          {"instruction_set", kernels::TargetName()},
          {"instruction_sets", kernels::SupportedTargets()}};
}

Json AttributesOf(const store::ShardInfo& info) {
  Json attributes = Json::object();
  for (const auto& [name, value] : info.attributes) attributes[name] = value;
  return attributes;
}

Json ShardInfoOf(const store::ShardReader& reader) {
  std::int64_t transitions = 0;
  for (const auto& run : reader.Runs()) transitions += std::ssize(run.transitions);
  return {{"runs", reader.info().runs},
          {"transitions", transitions},
          {"steps_recorded", reader.Steps("").size()},
          {"attributes", AttributesOf(reader.info())}};
}

// A shard, or a packed file, of which each shape is a shard.
Json FileInfo(const std::string& path) {
  Json info{{"path", path}, {"bytes", fs::file_size(path)}};
  const std::vector<std::string> groups = store::ShardGroups(path);
  for (const std::string& group : groups) {
    const Json shard = ShardInfoOf(store::ShardReader(path, group));
    if (group.empty()) {
      info.update(shard);
    } else {
      info[group] = shard;
    }
  }
  return info;
}

Json StoreInfo(const std::string& path) {
  const store::Catalog catalog(path);
  const auto runs = summary::ReadRuns(catalog);
  const auto shards = store::ListShards(path);
  std::uintmax_t bytes = 0;
  for (const auto& shard : shards) bytes += fs::file_size(shard);
  std::int64_t steps = 0, diverged = 0, transitions = 0;
  std::set<std::string> sweeps, tasks;
  for (const auto& run : runs) {
    steps += run.steps_done;
    diverged += run.diverged ? 1 : 0;
    sweeps.insert(run.sweep);
    tasks.insert(run.config.data.task);
  }
  for (const auto& [id, found] : summary::ReadTransitions(catalog)) {
    transitions += std::ssize(found);
  }
  return {{"store", path},
          {"shards", shards.size()},
          {"bytes", bytes},
          {"runs", runs.size()},
          {"diverged", diverged},
          {"steps", steps},
          {"transitions", transitions},
          {"sweeps", sweeps},
          {"tasks", tasks}};
}

// Nested objects are printed beneath their names; lists on one line.
void Print(const Json& object, const std::string& indent = "") {
  std::size_t width = 0;
  for (const auto& [name, value] : object.items()) width = std::max(width, name.size());
  for (const auto& [name, value] : object.items()) {
    Out() << indent << name;
    if (value.is_object()) {
      Out() << '\n';
      Print(value, indent + "  ");
      continue;
    }
    Out() << std::string(width - name.size() + 2, ' ');
    if (name == "bytes") {
      Out() << FormatBytes(value.get<double>());
    } else if (value.is_array()) {
      std::string list;
      for (const auto& entry : value) list += (list.empty() ? "" : " ") + entry.get<std::string>();
      Out() << list;
    } else {
      Out() << (value.is_string() ? value.get<std::string>() : value.dump());
    }
    Out() << '\n';
  }
}

Json Info(const std::string& path) {
  if (path.empty()) return MachineInfo();
  if (!fs::exists(path)) {
    throw InputError(path, "does not exist", "name a shard or a store's directory");
  }
  return fs::is_directory(path) ? StoreInfo(path) : FileInfo(path);
}

}  // namespace

int InfoCommand(const Words& words) {
  const auto arguments = ParseArguments(InfoGrammar(), words);
  if (!arguments) return kDone;
  const Json info = Info(arguments->Text("FILE|STORE"));
  if (arguments->Flag("json")) {
    PrintJson(info);
  } else {
    Print(info);
  }
  return kDone;
}

}  // namespace crease::apps
