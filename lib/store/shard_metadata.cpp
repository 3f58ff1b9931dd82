#include "lib/store/shard_metadata.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <span>
#include <vector>

#include <hdf5.h>
#include <nlohmann/json.hpp>

#include "lib/core/build_info.h"
#include "lib/core/hash.h"
#include "lib/core/numerics_version.h"
#include "lib/store/columns.h"
#include "lib/store/files.h"
#include "lib/store/format.h"
#include "lib/train/config_keys.h"

namespace crease::store {
namespace {

std::string CpuModel() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.rfind("model name", 0) != 0) continue;
    const std::size_t colon = line.find(": ");
    if (colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

std::string Hdf5Version() {
  unsigned major = 0, minor = 0, release = 0;
  H5get_libversion(&major, &minor, &release);
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(release);
}

template <typename Values>
void HashOf(Hasher& hasher, const Values& values) {
  const std::uint64_t bytes = values.size() * sizeof(values[0]);
  hasher.Add(&bytes, sizeof bytes);
  hasher.Add(values.data(), bytes);
}

std::size_t DataBytes(const data::Dataset& dataset) {
  std::size_t bytes = 0;
  for (const data::Split* split : {&dataset.train, &dataset.test}) {
    bytes += split->x.size() * 4 + split->labels.size() * 4 + split->targets.size() * 4;
  }
  return bytes;
}

void WriteSplit(ShardFile& file, const data::Dataset& dataset, const data::Split& split,
                const std::string& suffix, const std::string& point) {
  const std::string group = "data";
  file.DefineDimension(group, point, split.points);
  file.DefineDimension(group, "input", dataset.inputs);
  file.Write({group,
              "x" + suffix,
              ElementType::kFloat32,
              4,
              {point, "input"},
              {split.points, dataset.inputs},
              false,
              "inputs",
              ""},
             std::as_bytes(std::span(split.x)));
  if (dataset.regression) {
    file.DefineDimension(group, "output", dataset.outputs);
    file.Write({group,
                "y" + suffix,
                ElementType::kFloat32,
                4,
                {point, "output"},
                {split.points, dataset.outputs},
                false,
                "targets",
                ""},
               std::as_bytes(std::span(split.targets)));
  } else {
    file.Write({group,
                "y" + suffix,
                ElementType::kInt32,
                4,
                {point},
                {split.points},
                false,
                "class labels",
                ""},
               std::as_bytes(std::span(split.labels)));
  }
}

// What an attribute says in any of the shards, in their order.
std::string DistinctValues(const std::vector<ShardInfo>& sources, const std::string& name) {
  constexpr std::size_t kMostBytes = 4096;
  std::vector<std::string> values;
  std::string text;
  for (const ShardInfo& source : sources) {
    const std::string value = source.Attribute(name);
    if (std::find(values.begin(), values.end(), value) != values.end()) continue;
    if (text.size() + value.size() > kMostBytes) return text + "; ...";
    text += (values.empty() ? "" : "; ") + value;
    values.push_back(value);
  }
  return text;
}

// The [data] section of the configuration as JSON.
std::string DataOptionsJson(const train::RunConfig& config) {
  const auto json = nlohmann::ordered_json::parse(train::ToJson(config), nullptr, false);
  return json.is_object() && json.contains("data") ? json["data"].dump() : "{}";
}

}  // namespace

void WriteProvenance(ShardFile& file, const Provenance& provenance,
                     const std::string& record_json) {
  const BuildInfo& build = GetBuildInfo();
  file.SetText("", "format", kFormatName);
  file.SetIntegers("", "format_version", std::array<std::int32_t, 2>{kFormatMajor, kFormatMinor});
  file.SetIntegers("", "numerics_version", std::array<std::int32_t, 1>{kNumericsVersion}, true);
  file.SetText("", "crease_version", build.version);
  file.SetText("", "git_commit", build.git_commit);
  file.SetText("", "created_utc", UtcNowAfter(provenance.created_after));
  file.SetText("", "hostname", HostName());
  file.SetText("", "cpu", CpuModel());
  file.SetText("", "instruction_set", provenance.instruction_set);
  file.SetText("", "compiler", std::string(build.compiler) + " " + std::string(build.flags));
  file.SetText("", "hdf5_version", Hdf5Version());
  file.SetText("", "sweep_name", provenance.sweep_name);
  file.SetText("", "record", record_json);
  if (provenance.replaces_runs) {
    file.SetIntegers("", "replaces_runs", std::array<std::int32_t, 1>{1}, true);
  }
  if (!provenance.replay_of.empty()) file.SetText("", "replay_of", provenance.replay_of);
}

void WriteProvenance(ShardFile& file, const std::vector<ShardInfo>& sources) {
  file.SetText("", "format", kFormatName);
  file.SetIntegers("", "format_version", std::array<std::int32_t, 2>{kFormatMajor, kFormatMinor});
  const ShardInfo& first = sources.front();
  const std::array<std::int32_t, 1> numerics{
      std::atoi(first.Attribute("numerics_version").c_str())};
  file.SetIntegers("", "numerics_version", numerics, true);
  std::string created_utc;
  bool replaces = false;
  for (const ShardInfo& source : sources) {
    created_utc = std::max(created_utc, source.Attribute("created_utc"));
    replaces = replaces || source.Attribute("replaces_runs") == "1";
  }
  file.SetText("", "created_utc", created_utc);
  for (const char* name : {"crease_version", "git_commit", "hostname", "cpu", "instruction_set",
                           "compiler", "hdf5_version", "sweep_name"}) {
    file.SetText("", name, DistinctValues(sources, name));
  }
  file.SetText("", "record", first.Attribute("record"));
  if (replaces) file.SetIntegers("", "replaces_runs", std::array<std::int32_t, 1>{1}, true);
}

void WritePackedProvenance(ShardFile& file, std::int32_t shapes) {
  const BuildInfo& build = GetBuildInfo();
  file.SetText("", "format", kFormatName);
  file.SetIntegers("", "format_version", std::array<std::int32_t, 2>{kFormatMajor, kFormatMinor});
  file.SetIntegers("", kShapesAttribute, std::array<std::int32_t, 1>{shapes}, true);
  file.SetText("", "crease_version", build.version);
  file.SetText("", "git_commit", build.git_commit);
  file.SetText("", "created_utc", UtcNow());
}

void WritePlottingHints(ShardFile& file) {
  std::string coordinates;
  for (const RunColumn& column : RunColumns()) {
    if (column.name == "config") continue;
    if (!coordinates.empty()) coordinates += ' ';
    coordinates += column.name;
  }
  file.SetText("", "coordinates", coordinates);
  if (!file.Has("", "loss")) return;
  file.SetText("", "NX_class", "NXdata");
  file.SetText("", "signal", "loss");
  file.SetText("", "default", "loss");
  file.SetTexts("", "axes", {"run", "step"});
  file.SetDatasetText("/loss", "interpretation", "spectrum");
}

std::string DataDigest(const data::Dataset& dataset) {
  Hasher hasher;
  for (const data::Split* split : {&dataset.train, &dataset.test}) {
    HashOf(hasher, split->x);
    HashOf(hasher, split->labels);
    HashOf(hasher, split->targets);
  }
  return hasher.HexDigest();
}

void WriteData(ShardFile& file, const data::Dataset& dataset, const train::RunConfig& config) {
  WriteData(file, dataset, config, DataDigest(dataset), DataBytes(dataset) <= kLargestDataBytes);
}

void WriteData(ShardFile& file, const data::Dataset& dataset, const train::RunConfig& config,
               const std::string& digest, bool stored) {
  const std::string group = "data";
  file.SetText(group, "task", dataset.task);
  file.SetText(group, "options", DataOptionsJson(config));
  file.SetText(group, "digest", digest);
  const auto number = [&](const char* name, std::size_t value) {
    file.SetIntegers(group, name, std::array<std::int32_t, 1>{static_cast<std::int32_t>(value)},
                     true);
  };
  number("points", dataset.train.points);
  number("test_points", dataset.test.points);
  number("inputs", dataset.inputs);
  number("outputs", dataset.outputs);
  number("regression", dataset.regression ? 1 : 0);
  number("fresh_points_per_step", dataset.fresh ? dataset.fresh->points_per_step : 0);
  number("stored", stored ? 1 : 0);
  if (!stored) {
    file.SetText(group, "how_to_get",
                 "the data are too large to be copied into every shard; `options` says which they "
                 "are, `digest` is the hash of their points and labels");
    return;
  }
  if (dataset.train.points > 0) WriteSplit(file, dataset, dataset.train, "", "point");
  if (dataset.test.points > 0) WriteSplit(file, dataset, dataset.test, "_test", "test_point");
}

}  // namespace crease::store
