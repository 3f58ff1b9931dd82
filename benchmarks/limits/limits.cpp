#include "benchmarks/limits/limits.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <vector>

#include <omp.h>

#include "benchmarks/limits/buffer.h"
#include "benchmarks/limits/clock.h"
#include "benchmarks/limits/limit_kernels.h"
#include "lib/kernels/target.h"

namespace crease::benchmarks {
namespace {

constexpr int kSamples = 15;
constexpr double kSampleSeconds = 0.004;

// work(thread, repeats) on `threads` at once, in one parallel region: seconds of the whole.
template <typename Work>
double SecondsTaken(int threads, std::size_t repeats, const Work& work) {
  const double start = SecondsOf(threads);
  if (threads == 1) {
    work(0, repeats);
  } else {
#pragma omp parallel num_threads(threads)
    work(omp_get_thread_num(), repeats);
  }
  return SecondsOf(threads) - start;
}

// Seconds of one repeat: the median of the samples of one thread. Of several threads the shortest:
// they are slow where another program has one of their processors.
template <typename Work>
double Sample(int threads, const Work& work) {
  // One thread's processor time tells how many repeats a sample needs; wall time may stand still.
  std::size_t repeats = 1;
  SecondsTaken(1, repeats, work);
  while (repeats < (std::size_t{1} << 40) && SecondsTaken(1, repeats, work) < kSampleSeconds) {
    repeats *= 2;
  }
  std::vector<double> samples;
  for (int i = 0; i < kSamples; ++i) {
    samples.push_back(SecondsTaken(threads, repeats, work) / static_cast<double>(repeats));
  }
  std::sort(samples.begin(), samples.end());
  return threads == 1 ? samples[kSamples / 2] : samples.front();
}

double MeasureFmaPeak(int threads) {
  double flops = 0.0;
  const auto work = [&](int thread, std::size_t repeats) {
    float result = 0.0f;
    const double done = MultiplyAdds(1000 * repeats, &result) / static_cast<double>(repeats);
    if (thread == 0 && result != 0.0f) flops = done;
  };
  const double seconds = Sample(threads, work);
  return flops * threads / seconds * 1e-9;
}

double MeasureBandwidth(Traffic traffic, std::size_t bytes, int threads) {
  const bool copies = traffic != Traffic::kRead;
  const auto parts = static_cast<std::size_t>(threads) * (copies ? 2 : 1);
  const std::size_t count =
      std::max(bytes / sizeof(float) / parts / kLoopFloats * kLoopFloats, kLoopFloats);
  Buffer from(count * static_cast<std::size_t>(threads)), to(copies ? from.size() : 1);
  const auto work = [&](int thread, std::size_t repeats) {
    const std::size_t first = static_cast<std::size_t>(thread) * count;
    for (std::size_t i = 0; i < repeats; ++i) {
      if (traffic == Traffic::kRead) {
        volatile float sum = SumOf(&from[first], count);
        static_cast<void>(sum);
      } else if (traffic == Traffic::kCopy) {
        Copy(&from[first], count, &to[first]);
      } else {
        NonTemporalCopy(&from[first], count, &to[first]);
      }
    }
  };
  const double seconds = Sample(threads, work);
  return static_cast<double>(count * parts * sizeof(float)) / seconds * 1e-9;
}

}  // namespace

double FmaPeak(int threads) {
  static std::map<std::tuple<std::string, int>, double> known;
  const auto key = std::make_tuple(kernels::TargetName(), threads);
  if (!known.contains(key)) known[key] = MeasureFmaPeak(threads);
  return known[key];
}

double Bandwidth(Traffic traffic, std::size_t bytes, int threads) {
  static std::map<std::tuple<std::string, Traffic, std::size_t, int>, double> known;
  const auto key = std::make_tuple(kernels::TargetName(), traffic, bytes, threads);
  if (!known.contains(key)) known[key] = MeasureBandwidth(traffic, bytes, threads);
  return known[key];
}

std::string TrafficName(Traffic traffic) {
  switch (traffic) {
    case Traffic::kRead:
      return "read";
    case Traffic::kCopy:
      return "copy";
    case Traffic::kNonTemporalCopy:
      return "non-temporal copy";
  }
  return "";
}

}  // namespace crease::benchmarks
