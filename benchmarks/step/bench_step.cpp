// Times one full-batch training step (forward, cross-entropy, backward, update) on one thread, and
// the same step of libtorch where it is installed. Loss and gradients are held against the double
// precision reference model first; a wrong step is not timed.
//   bench_step [--instruction_set=AVX2] [--shape=W,D,B] [--checked] [--benchmark_...]
// --checked: an earlier call of this program has checked these cases.
// Cases are named engine/norm/optimizer/W/D/B. Without --shape: all of the table.
#include <exception>
#include <functional>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "benchmarks/engine/engine_step.h"
#include "benchmarks/limits/limits.h"
#include "benchmarks/step/step_case.h"
#ifdef CREASE_HAVE_TORCH
#include "benchmarks/step/torch_step.h"
#endif
#include "lib/core/error.h"
#include "lib/kernels/target.h"

namespace crease::benchmarks {
namespace {

std::string NameOf(const std::string& engine, const StepShape& shape) {
  std::ostringstream name;
  name << engine << '/' << shape.norm << '/' << shape.optimizer << '/' << shape.width << '/'
       << shape.depth << '/' << shape.points;
  return name.str();
}

// The benchmark library calls a case several times; its answer is checked once.
bool IsRight(const std::string& name, bool checked, const std::function<StepError()>& error,
             benchmark::State& state) {
  if (checked) return true;
  static std::map<std::string, StepError> known;
  if (!known.contains(name)) known[name] = error();
  const StepError& found = known[name];
  state.counters["error"] = found.relative;
  state.counters["error_of_bound"] = found.of_bound;
  if (found.of_bound <= 1.0) return true;
  std::ostringstream message;
  message << "loss or gradients are wrong by " << found.relative << ", " << found.of_bound
          << " times what rounding explains";
  state.SkipWithError(message.str().c_str());
  return false;
}

template <typename Step>
void Time(Step& step, double flops, benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(step.ForwardBackward());
    step.Update();
  }
  const double steps = static_cast<double>(state.iterations());
  state.counters["GFLOP/s"] = benchmark::Counter(1e-9 * flops * steps, benchmark::Counter::kIsRate);
  state.counters["of_peak"] =
      benchmark::Counter(1e-9 * flops * steps / FmaPeak(1), benchmark::Counter::kIsRate);
  state.counters["steps/s"] = benchmark::Counter(steps, benchmark::Counter::kIsRate);
}

struct How {
  bool spoil = false, checked = false;
};

void TimeCrease(const StepShape& shape, How how, benchmark::State& state) {
  const StepCase chosen(shape);
  EngineStep step(chosen.config, chosen.dataset);
  const model::Architecture& architecture = step.network().architecture();
  const auto error = [&] {
    const double loss = step.ForwardBackward();
    AlignedVector<float> gradients = step.gradients();
    if (how.spoil) {
      for (float& gradient : gradients) gradient *= 1.00002f;
    }
    return ErrorOf(chosen, architecture, {loss, step.parameters(), gradients});
  };
  if (!IsRight(NameOf("crease", shape), how.checked, error, state)) return;
  Time(step, LinearFlops(architecture, chosen.dataset.train.points), state);
}

#ifdef CREASE_HAVE_TORCH
void TimeTorch(const StepShape& shape, How how, benchmark::State& state) {
  const StepCase chosen(shape);
  const EngineStep initial(chosen.config, chosen.dataset);
  const model::Network& network = initial.network();
  TorchStep step(chosen.config, chosen.dataset, network.layout(), initial.parameters());
  const auto error = [&] {
    const double loss = step.ForwardBackward();
    const std::vector<float> gradients = step.Gradients();
    return ErrorOf(chosen, network.architecture(), {loss, initial.parameters(), gradients});
  };
  if (!IsRight(NameOf("libtorch", shape), how.checked, error, state)) return;
  Time(step, LinearFlops(network.architecture(), chosen.dataset.train.points), state);
}
#endif

void Register(const StepShape& shape, How how) {
  benchmark::RegisterBenchmark(NameOf("crease", shape).c_str(), [=](benchmark::State& state) {
    TimeCrease(shape, how, state);
  })->Unit(benchmark::kMicrosecond);
#ifdef CREASE_HAVE_TORCH
  if (!shape.norm.starts_with("layernorm")) return;
  benchmark::RegisterBenchmark(NameOf("libtorch", shape).c_str(), [=](benchmark::State& state) {
    TimeTorch(shape, how, state);
  })->Unit(benchmark::kMicrosecond);
#endif
}

std::vector<StepShape> WholeTable() {
  std::vector<StepShape> shapes;
  for (const std::string optimizer : {"adam", "sgd"}) {
    for (const std::string norm : {"unit", "layernorm", "layernorm_affine"}) {
      for (const std::int64_t width : {3, 8, 16, 32, 64, 128, 256, 512}) {
        for (const std::int64_t depth : {2, 4, 8}) {
          for (const std::int64_t points : {400, 1000}) {
            shapes.push_back({norm, optimizer, width, depth, points});
          }
        }
      }
    }
  }
  for (const std::string norm : {"rmsnorm", "groupnorm", "divisive", "dyt", "none"}) {
    for (const std::int64_t width : {3, 8, 32, 128}) {
      shapes.push_back({norm, "adam", width, 2, 1000});
    }
  }
  for (const std::int64_t width : {5, 33, 100}) {
    for (const std::int64_t points : {1, 7, 400, 997}) {
      shapes.push_back({"layernorm", "adam", width, 2, points});
      shapes.push_back({"unit", "adam", width, 2, points});
    }
  }
  return shapes;
}

// "8,2,1000" with every norm, Adam and SGD.
std::vector<StepShape> AllOf(const std::string& text) {
  StepShape shape;
  char comma = 0, other = 0;
  std::istringstream in(text);
  if (!(in >> shape.width >> comma >> shape.depth >> other >> shape.points)) {
    throw InputError("--shape", "\"" + text + "\" is not width,depth,points");
  }
  std::vector<StepShape> shapes;
  for (const std::string norm : {"unit", "layernorm", "layernorm_affine", "rmsnorm", "groupnorm",
                                 "divisive", "dyt", "none"}) {
    for (const std::string optimizer : {"adam", "sgd"}) {
      shapes.push_back({norm, optimizer, shape.width, shape.depth, shape.points});
    }
  }
  return shapes;
}

int Main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  How how;
  std::vector<StepShape> shapes;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word.starts_with("--instruction_set=")) {
      kernels::ForceTarget(word.substr(word.find('=') + 1));
    } else if (word.starts_with("--shape=")) {
      for (const StepShape& shape : AllOf(word.substr(word.find('=') + 1))) {
        shapes.push_back(shape);
      }
    } else if (word == "--spoil_answers") {  // to see that a wrong answer is refused
      how.spoil = true;
    } else if (word == "--checked") {
      how.checked = true;
    } else {
      throw InputError("bench_step", "unknown argument " + word);
    }
  }
  for (const StepShape& shape : shapes.empty() ? WholeTable() : shapes) Register(shape, how);
  benchmark::AddCustomContext("instruction_set", kernels::TargetName());
  benchmark::AddCustomContext("fma_peak_gflops", std::to_string(FmaPeak(1)));
#ifdef CREASE_HAVE_TORCH
  benchmark::AddCustomContext("libtorch", TorchStep::Version());
#endif
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

}  // namespace
}  // namespace crease::benchmarks

int main(int argc, char** argv) {
  try {
    return crease::benchmarks::Main(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 2;
  }
}
