// Times LayerNorm with weight and bias, forward and backward, by crease::norm and by the peers that
// are installed: oneDNN, libtorch's operators, Eigen. Each answer is held against two passes in
// double precision first; a wrong one is not timed.
//   bench_norm [--instruction_set=AVX2] [--widths=3,64] [--benchmark_...]
// Cases are named library/forward|backward/rows|features/width/in|out/threads. GB/s counts the
// bytes of x and y, or of x, d_y and d_x; of_limit is that over the copy bandwidth of the same
// working set (in: 256 KiB), or over the non-temporal one (out: 512 MiB).
#include <exception>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "benchmarks/limits/limits.h"
#include "benchmarks/norm/norm_case.h"
#include "lib/core/error.h"
#include "lib/kernels/target.h"

namespace crease::benchmarks {
namespace {

// The peers' means and variances lose digits; ours are held to far less by the tests.
constexpr double kTolerance = 1e-4;
constexpr std::size_t kInCache = std::size_t{256} << 10, kOutOfCache = std::size_t{512} << 20;

using Make = std::unique_ptr<NormPeer> (*)(NormCase&);

struct Library {
  std::string name;
  Make make;
  bool feature_major;  // knows both layouts
};

std::vector<Library> Libraries() {
  std::vector<Library> libraries = {{"crease", MakeCrease, true}};
#ifdef CREASE_HAVE_DNNL
  libraries.push_back({"onednn", MakeDnnl, false});
#endif
#ifdef CREASE_HAVE_TORCH
  libraries.push_back({"libtorch", MakeTorch, false});
#endif
  libraries.push_back({"eigen", MakeEigen, true});
  return libraries;
}

double LimitOf(const NormShape& shape) {
  const bool out = shape.bytes > kInCache;
  return Bandwidth(out ? Traffic::kNonTemporalCopy : Traffic::kCopy, shape.bytes, shape.threads);
}

std::string NameOf(const std::string& library, const NormShape& shape) {
  std::ostringstream name;
  name << library << (shape.backward ? "/backward" : "/forward")
       << (shape.feature_major ? "/features/" : "/rows/") << shape.width
       << (shape.bytes > kInCache ? "/out/" : "/in/") << shape.threads;
  return name.str();
}

// The last case is kept: all libraries work on the same arrays, one after the other.
NormCase& CaseOf(const NormShape& shape) {
  static std::unique_ptr<NormCase> last;
  if (last == nullptr || !(last->shape == shape)) {
    last.reset();
    last = std::make_unique<NormCase>(shape);
  }
  return *last;
}

void Time(const Library& library, const NormShape& shape, bool spoil, benchmark::State& state) {
  static std::map<std::string, double> known;  // errors: cases are called several times
  const std::string name = NameOf(library.name, shape);
  NormCase& norm = CaseOf(shape);
  const auto peer = library.make(norm);
  if (!known.contains(name)) {
    norm.Forget();
    peer->Run();
    peer->Publish();
    if (spoil) (shape.backward ? norm.d_x : norm.y)[norm.size() / 2] += 0.01f;
    known[name] = ErrorOf(norm);
  }
  state.counters["error"] = known[name];
  if (!(known[name] <= kTolerance)) {
    state.SkipWithError(("wrong by " + std::to_string(known[name])).c_str());
    return;
  }
  for (auto _ : state) {
    peer->Run();
    benchmark::ClobberMemory();
  }
  const double bytes = static_cast<double>((shape.backward ? 3 : 2) * sizeof(float) * norm.size());
  const double gigabytes = 1e-9 * bytes * static_cast<double>(state.iterations());
  state.counters["GB/s"] = benchmark::Counter(gigabytes, benchmark::Counter::kIsRate);
  state.counters["of_limit"] =
      benchmark::Counter(gigabytes / LimitOf(shape), benchmark::Counter::kIsRate);
}

void RegisterAll(const std::vector<std::size_t>& widths, bool spoil) {
  for (const std::size_t bytes : {kInCache, kOutOfCache}) {
    for (const int threads : {1, 2}) {
      for (const bool backward : {false, true}) {
        for (const bool feature_major : {false, true}) {
          for (const std::size_t width : widths) {
            const NormShape shape = {backward, feature_major, width, bytes, threads};
            for (const Library& library : Libraries()) {
              if (feature_major && !library.feature_major) continue;
              auto* registered = benchmark::RegisterBenchmark(
                  NameOf(library.name, shape).c_str(),
                  [=](benchmark::State& state) { Time(library, shape, spoil, state); });
              registered->Unit(benchmark::kMicrosecond);
              if (threads > 1) registered->UseRealTime();
            }
          }
        }
      }
    }
  }
}

std::vector<std::size_t> WidthsOf(const std::string& text) {
  std::vector<std::size_t> widths;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, ',');) {
    widths.push_back(std::stoul(part));
    if (widths.back() == 0) throw InputError("--widths", "a width is 0");
  }
  return widths;
}

int Main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  bool spoil = false;
  std::vector<std::size_t> widths = {3, 8, 64, 256, 768, 1024, 4096};
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word.starts_with("--instruction_set=")) {
      kernels::ForceTarget(word.substr(word.find('=') + 1));
    } else if (word.starts_with("--widths=")) {
      widths = WidthsOf(word.substr(word.find('=') + 1));
    } else if (word == "--spoil_answers") {  // to see that a wrong answer is refused
      spoil = true;
    } else {
      throw InputError("bench_norm", "unknown argument " + word);
    }
  }
  RegisterAll(widths, spoil);
  benchmark::AddCustomContext("instruction_set", kernels::TargetName());
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
