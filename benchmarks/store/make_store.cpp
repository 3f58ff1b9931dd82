// Makes a store of made-up runs, through the real writer: make_store STORE RUNS STEPS [curves].
// What a sweep of that size would have left behind, in a fraction of the time: 20 cells of equally
// many seeds, loss curves of the shape that transitions have, norms, sparse weights, and a
// transition in two runs of three. "curves": loss and accuracy alone. Prints seconds and bytes as
// JSON.
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lib/core/hash.h"
#include "lib/store/layout.h"
#include "lib/store/writer.h"
#include "lib/sweep/grid.h"
#include "lib/sweep/runner.h"
#include "lib/sweep/spec.h"

namespace crease {
namespace {

using train::RecordedArray;

struct Request {
  std::string store;
  std::int64_t runs = 0, steps = 0;
  bool curves = false;
};

std::string SweepText(const Request& request) {
  const std::string seeds = std::to_string((request.runs + 19) / 20);
  return "[sweep]\nname = \"synthetic\"\nquestion = \"How large may a store be?\"\n"
         "[data]\ntask = \"spiral\"\npoints = 64\n[train]\nsteps = " +
         std::to_string(request.steps) +
         "\n[record]\nweights = { every = 100 }\n[grid]\nseed = { range = [0, " + seeds +
         "] }\n\"model.norm\" = [\"unit\", \"layernorm\"]\n\"model.width\" = [3, 8]\n"
         "\"train.lr\" = { log = [1e-3, 1e-1], n = 5 }\n";
}

// Between 0 and 1.
double Noise(std::uint64_t run, std::uint64_t index) {
  std::uint64_t x = run * 0x9e3779b97f4a7c15u + index * 0xd1342543de82ef95u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return static_cast<double>((x ^ (x >> 31)) >> 11) * 0x1p-53;
}

struct History {
  std::uint64_t run;
  double steps;
  double onset() const { return steps * (.2 + .6 * Noise(run, 1)); }
  bool drops() const { return run % 3 != 0; }
  // A plateau with a slow decline, a drop, and noise of a thousandth.
  double Loss(double step) const {
    const double drop = drops() ? 1 / (1 + std::exp(-(step - onset()) / (.01 * steps))) : 0;
    const double noise = 1e-3 * Noise(run, static_cast<std::uint64_t>(step) + 2);
    return std::exp(-.7 - .2 * step / steps - 1.5 * drop + noise);
  }
};

std::vector<std::int64_t> Steps(std::int64_t last, std::int64_t stride) {
  std::vector<std::int64_t> steps;
  for (std::int64_t step = 0; step < last; step += stride) steps.push_back(step);
  return steps;
}

// values(step) along the steps and whatever dimensions follow.
template <typename Value>
RecordedArray Curve(const std::string& group, const std::string& name,
                    const std::vector<std::int64_t>& steps, std::vector<std::string> more,
                    const std::vector<std::size_t>& lengths, const Value& value) {
  RecordedArray array;
  array.group = group;
  array.name = name;
  array.dimensions = {"step"};
  array.dimensions.insert(array.dimensions.end(), more.begin(), more.end());
  array.shape = {steps.size()};
  array.shape.insert(array.shape.end(), lengths.begin(), lengths.end());
  std::size_t each = 1;
  for (const std::size_t length : lengths) each *= length;
  array.values.reserve(steps.size() * each);
  for (const std::int64_t step : steps) {
    for (std::size_t i = 0; i < each; ++i) {
      array.values.push_back(static_cast<float>(value(static_cast<double>(step), i)));
    }
  }
  return array;
}

void AddNormsAndWeights(const History& history, std::size_t width, std::int64_t steps,
                        train::RunRecord& record) {
  const std::vector<std::int64_t> sparse = Steps(steps, 100);
  record.axes.push_back({"weights", "step", "updates made", sparse});
  for (const char* norm : {"grad_norm", "weight_norm", "update_norm"}) {
    record.arrays.push_back(Curve("", norm, record.axes[0].values, {"linear"}, {3},
                                  [&](double step, std::size_t linear) {
                                    return history.Loss(step) * static_cast<double>(linear + 1);
                                  }));
  }
  for (const int linear : {0, 1, 2}) {
    const std::string name = "linear" + std::to_string(linear);
    const std::size_t in = linear == 0 ? 2 : width, out = linear == 2 ? 2 : width;
    record.arrays.push_back(Curve(
        "weights", name + "_weight", sparse, {name + "_out", name + "_in"}, {out, in},
        [&](double step, std::size_t i) { return history.Loss(step + static_cast<double>(i)); }));
  }
}

train::RunRecord MakeRecord(const sweep::PlannedRun& planned, std::uint64_t number,
                            const Request& request) {
  const History history{number, static_cast<double>(request.steps)};
  train::RunRecord record;
  record.run_id = planned.run_id;
  record.config = planned.config;
  record.steps_done = request.steps;
  record.wall_seconds = 1e-6 * history.steps;
  record.digest = HexDigestOf(planned.run_id);
  record.final_loss = history.Loss(history.steps);
  record.final_accuracy = record.best_accuracy = .5 + .5 * Noise(number, 0);
  record.final_test_loss = record.final_test_accuracy = std::nan("");
  record.axes = {{"", "step", "updates made", Steps(request.steps, 1)}};
  const auto& steps = record.axes[0].values;
  record.arrays.push_back(Curve("", "loss", steps, {}, {},
                                [&](double step, std::size_t) { return history.Loss(step); }));
  record.arrays.push_back(Curve("", "accuracy", steps, {}, {}, [&](double step, std::size_t) {
    return std::floor(64 * (1 - history.Loss(step))) / 64;
  }));
  if (!request.curves) {
    AddNormsAndWeights(history, static_cast<std::size_t>(planned.config.model.width), request.steps,
                       record);
  }
  if (history.drops()) {
    detect::Transition transition;
    transition.onset_step = history.onset();
    transition.end_step = history.onset() + .02 * history.steps;
    transition.drop_nats = 1.5;
    record.transitions.push_back(transition);
  }
  return record;
}

int Make(const Request& request) {
  const auto begin = std::chrono::steady_clock::now();
  const sweep::Spec spec = sweep::ParseSpec(SweepText(request), "synthetic.toml");
  const std::vector<sweep::PlannedRun> planned = sweep::Expand(spec);
  sweep::DatasetCache datasets;
  store::Writer writer(request.store, {.sweep_name = spec.name, .instruction_set = "none"});
  store::SaveSweepFile(request.store, spec.name, spec.text, {});
  for (std::size_t i = 0; i < planned.size(); ++i) {
    writer.Append(MakeRecord(planned[i], i, request), spec.record,
                  datasets.Get(planned[i].config.data));
  }
  writer.Seal();
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
  const store::Writer::Summary summary = writer.summary();
  std::printf(
      "{\"runs\": %zu, \"seconds\": %.3f, \"raw_bytes\": %llu, \"bytes\": %llu,"
      " \"shards\": %lld}\n",
      planned.size(), taken.count(), static_cast<unsigned long long>(summary.raw_bytes),
      static_cast<unsigned long long>(summary.file_bytes), static_cast<long long>(summary.shards));
  return 0;
}

}  // namespace
}  // namespace crease

int main(int argc, char** argv) {
  if (argc < 4 || argc > 5 || (argc == 5 && std::string_view(argv[4]) != "curves")) {
    std::fprintf(stderr, "usage: make_store STORE RUNS STEPS [curves]\n");
    return 2;
  }
  try {
    return crease::Make({argv[1], std::atoll(argv[2]), std::atoll(argv[3]), argc == 5});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
