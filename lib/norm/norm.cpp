#include "lib/norm/norm.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

#include <omp.h>

#include "lib/norm/checks.h"
#include "lib/norm/job.h"
#include "lib/norm/scratch.h"

namespace crease::norm {

std::size_t BlockOf(std::size_t width) {
  constexpr std::size_t kValues = std::size_t{1} << 16;
  return std::clamp<std::size_t>(std::bit_floor(kValues / width), 64, 4096);
}

template <typename T>
struct Norm<T>::Scratch {
  // Memory of one thread.
  struct Worker {
    AlignedVector<T> tile;              // a TileScratch
    AlignedVector<T> d_weight, d_bias;  // (width), of a block
    T d_alpha = 0;
  };
  AlignedVector<T> ones, zeros;          // (width)
  Worker second;                         // sums of the second of two blocks
  std::vector<double> d_weight, d_bias;  // (width), of all blocks
  double d_alpha = 0;
  std::vector<Worker> workers;
  AlignedVector<T> runs;  // of shares

  void Clear() {
    std::fill(d_weight.begin(), d_weight.end(), 0.0);
    std::fill(d_bias.begin(), d_bias.end(), 0.0);
    d_alpha = 0.0;
  }
  void Add(const Worker& worker, const BlockSums<T>& wanted) {
    if (wanted.d_alpha != nullptr) d_alpha += static_cast<double>(worker.d_alpha);
    if (wanted.d_weight == nullptr) return;
    for (std::size_t i = 0; i < d_weight.size(); ++i) {
      d_weight[i] += static_cast<double>(worker.d_weight[i]);
      d_bias[i] += static_cast<double>(worker.d_bias[i]);
    }
  }
  BlockSums<T> SumsOf(Worker& worker, bool affine, bool alpha) {
    return {affine ? worker.d_weight.data() : nullptr, affine ? worker.d_bias.data() : nullptr,
            alpha ? &worker.d_alpha : nullptr};
  }
};

namespace {

template <typename T>
Job<T> JobOf(const Options& options, std::size_t points) {
  Job<T> job;
  job.kind = options.kind;
  job.layout = options.layout;
  job.exponent = options.exponent;
  job.groups = options.groups;
  job.width = options.width / options.groups;
  job.share = T{1} / static_cast<T>(job.width);
  job.eps = static_cast<T>(options.eps);
  job.beta = static_cast<T>(options.beta);
  job.beta_power = job.beta;
  for (int i = 1; i < options.exponent; ++i) job.beta_power *= job.beta;
  job.points = points;
  const bool row_major = options.layout == Layout::kRowMajor;
  job.point_stride = row_major ? options.width : 1;
  job.entry_stride = row_major ? 1 : points;
  job.statistics_point_stride = row_major ? options.groups : 1;
  job.statistics_group_stride = row_major ? 1 : points;
  return job;
}

// Whether all of a result's stores can bypass the caches, and should.
template <typename T>
bool Streams(const Options& options, const Job<T>& job) {
  if (options.stores == Stores::kOrdinary) return false;
  const std::size_t bytes = job.points * options.width * sizeof(T);
  if (options.stores == Stores::kAutomatic && bytes < kStreamBytes) return false;
  if (reinterpret_cast<std::uintptr_t>(job.out) % kAlignmentBytes != 0) return false;
  if (job.entries_in_lanes()) return job.width % kPackLanes<T> == 0;
  if (options.layout == Layout::kRowMajor) return job.groups == 1;
  return job.points % kPackLanes<T> == 0;
}

// What forward and backward have in common; ones and zeros: (width).
template <typename T>
Job<T> JobOf(const Options& options, std::span<const T> x, std::span<T> out,
             const Parameters<T>& parameters, const AlignedVector<T>& ones,
             const AlignedVector<T>& zeros) {
  Job<T> job = JobOf<T>(options, x.size() / options.width);
  job.x = x.data();
  job.out = out.data();
  job.affine = !parameters.weight.empty() || !parameters.bias.empty();
  job.weight = parameters.weight.empty() ? ones.data() : parameters.weight.data();
  job.bias = parameters.bias.empty() ? zeros.data() : parameters.bias.data();
  job.alpha = parameters.alpha;
  job.stream = Streams(options, job);
  return job;
}

std::size_t RoundedUp(std::size_t value, std::size_t step) {
  return (value + step - 1) / step * step;
}

// What parts and blocks of points are multiples of: it cuts no batch of rows, and no tile.
template <typename T>
std::size_t StepOf(const Job<T>& job) {
  if (!job.entries_in_lanes()) return kTilePacks * kPackLanes<T>;
  return job.width * sizeof(T) <= kNarrowBytes ? kPackLanes<T> : 2;
}

// Fewer values are done before a second thread has begun.
template <typename T>
int ThreadsFor(const Options& options, const Job<T>& job) {
  constexpr std::size_t kFewest = 4096;
  return job.points * options.width < kFewest ? 1 : options.threads;
}

// Bytes of x that all threads find in their second-level caches.
constexpr std::size_t kSharedBytes = std::size_t{256} << 10;

// Whether threads may share entries out instead of points: in feature-major, a few points lie in
// the same cache lines.
template <typename T>
bool SharesEntries(const Job<T>& job) {
  return job.layout == Layout::kFeatureMajor && job.groups == 1 && job.kind != Kind::kDyT &&
         job.width >= 2 * kRun && job.points > 0 && job.points <= BlockOf(job.width) &&
         job.points * job.width * sizeof(T) <= kSharedBytes;
}

// Points in the blocks of a call: parts of equal size, at least two of them unless there are few
// points, at most BlockOf(width).
template <typename T>
std::size_t BlockOfCall(const Job<T>& job) {
  constexpr std::size_t kFewest = 16;
  const std::size_t most = BlockOf(job.width * job.groups);
  if (job.points < kFewest) return kFewest;
  if (SharesEntries(job)) return most;
  const std::size_t blocks = std::max<std::size_t>((job.points + most - 1) / most, 2);
  return std::min(most, RoundedUp((job.points + blocks - 1) / blocks, StepOf(job)));
}

// run(first, last, worker) for contiguous parts of the points, one for each thread.
template <typename Run>
void ForParts(int threads, std::size_t points, std::size_t step, const Run& run) {
  if (threads == 1) return run(0, points, 0);
  const auto parts = static_cast<std::size_t>(threads);
  const std::size_t part = RoundedUp((points + parts - 1) / parts, step);
#pragma omp parallel for num_threads(threads) schedule(static, 1)
  for (std::size_t i = 0; i < parts; ++i) {
    const std::size_t first = std::min(i * part, points), last = std::min(first + part, points);
    if (first < last) run(first, last, i);
  }
}

// run(job) twice in each thread, with shares for its two steps. False if a point was unusual.
template <typename T, class Run>
bool ForShares(int threads, const Job<T>& job, T* runs, const Run& run) {
  bool usual = true;
#pragma omp parallel num_threads(threads)
  {
    const auto thread = static_cast<std::size_t>(omp_get_thread_num());
    const auto shares = static_cast<std::size_t>(omp_get_num_threads());
    const std::size_t all = (job.width + kRun - 1) / kRun;
    Section<T> section;
    section.first = std::min(all * thread / shares * kRun, job.width);
    section.last = std::min(all * (thread + 1) / shares * kRun, job.width);
    section.leads = thread == 0;
    section.runs = runs;
    section.points = RoundedUp(job.points, kPackLanes<T>);
    Job<T> its = job;
    its.section = &section;
    run(its);
#pragma omp barrier
    section.writes = true;
    run(its);
    if (section.unusual) {
#pragma omp atomic write
      usual = false;
    }
  }
  return usual;
}

// run(first, last, worker) for each block, and then add(worker), in the order of the blocks.
template <typename Run, typename Add>
void ForBlocks(int threads, std::size_t points, std::size_t block, const Run& run, const Add& add) {
  const std::size_t blocks = (points + block - 1) / block;
  if (threads == 1) {
    for (std::size_t i = 0; i < blocks; ++i) {
      run(i * block, std::min((i + 1) * block, points), 0);
      add(0);
    }
    return;
  }
#pragma omp parallel for num_threads(threads) schedule(static, 1) ordered
  for (std::size_t i = 0; i < blocks; ++i) {
    const auto worker = static_cast<std::size_t>(omp_get_thread_num());
    run(i * block, std::min((i + 1) * block, points), worker);
#pragma omp ordered
    add(worker);
  }
}

// run(block, first, last) for both of two blocks.
template <typename Run>
void ForTwoBlocks(int threads, std::size_t points, std::size_t block, const Run& run) {
  if (threads == 1) {
    run(0, 0, block);
    return run(1, block, points);
  }
#pragma omp parallel for num_threads(2) schedule(static, 1)
  for (std::size_t i = 0; i < 2; ++i) run(i, i * block, i == 0 ? block : points);
}

template <typename T>
void AddTo(std::span<T> sums, const T* others) {
  for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += others[i];
}

template <typename T>
void Round(const std::vector<double>& totals, std::span<T> to) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] = static_cast<T>(totals[i]);
}

template <typename T>
T* DataOrNull(std::span<T> span) {
  return span.empty() ? nullptr : span.data();
}

}  // namespace

template <typename T>
Norm<T>::Norm(const Options& options) : options_(options) {
  CheckOptions(options);
  scratch_ = std::make_unique<Scratch>();
  scratch_->ones.assign(options.width, T{1});
  scratch_->zeros.assign(options.width, T{0});
  scratch_->d_weight.resize(options.width);
  scratch_->d_bias.resize(options.width);
  scratch_->second.d_weight.resize(options.width);
  scratch_->second.d_bias.resize(options.width);
  scratch_->workers.resize(static_cast<std::size_t>(options.threads));
  const Job<T> job = JobOf<T>(options, 0);
  if (options.threads > 1 && options.layout == Layout::kFeatureMajor) {
    const std::size_t points = kSharedBytes / sizeof(T) / options.width + kPackLanes<T>;
    scratch_->runs.resize((options.width + kRun - 1) / kRun * 2 * points);
  }
  for (auto& worker : scratch_->workers) {
    worker.d_weight.resize(options.width);
    worker.d_bias.resize(options.width);
    if (!job.entries_in_lanes()) {
      worker.tile.resize(TileScratch<T>::Size(job.width, job.groups));
    }
  }
}

template <typename T>
Norm<T>::Norm(const Norm& other) : Norm(other.options_) {}

template <typename T>
Norm<T>::~Norm() = default;

template <typename T>
void Norm<T>::Forward(std::span<const T> x, std::span<T> y, const Parameters<T>& parameters,
                      const Statistics<T>& statistics) {
  CheckForward(options_, x, y, parameters, statistics);
  Job<T> job = JobOf<T>(options_, x, y, parameters, scratch_->ones, scratch_->zeros);
  job.mean = DataOrNull(statistics.mean);
  job.mean_rest = DataOrNull(statistics.mean_rest);
  job.inverse = DataOrNull(statistics.inverse);
  const int threads = ThreadsFor(options_, job);
  if (threads > 1 && SharesEntries(job) &&
      ForShares(threads, job, scratch_->runs.data(), [&](const Job<T>& its) {
        ForwardTiles(its, 0, its.points, scratch_->workers[0].tile.data());
      })) {
    return;
  }
  ForParts(threads, job.points, StepOf(job),
           [&](std::size_t first, std::size_t last, std::size_t worker) {
             if (job.entries_in_lanes()) return ForwardRows(job, first, last);
             ForwardTiles(job, first, last, scratch_->workers[worker].tile.data());
           });
}

template <typename T>
void Norm<T>::Backward(std::span<const T> x, std::span<const T> d_y, std::span<T> d_x,
                       const Parameters<T>& parameters, const Statistics<const T>& statistics,
                       const ParameterGradients<T>& gradients) {
  CheckBackward(options_, x, d_y, d_x, parameters, statistics, gradients);
  Job<T> job = JobOf<T>(options_, x, d_x, parameters, scratch_->ones, scratch_->zeros);
  job.d_y = d_y.data();
  job.known_mean = DataOrNull(statistics.mean);
  job.known_mean_rest = DataOrNull(statistics.mean_rest);
  job.known_inverse = DataOrNull(statistics.inverse);
  const auto run = [&](std::size_t first, std::size_t last, const BlockSums<T>& sums,
                       std::size_t worker) {
    if (job.entries_in_lanes()) return BackwardRows(job, first, last, sums);
    BackwardTiles(job, first, last, sums, scratch_->workers[worker].tile.data());
  };
  const bool affine = !gradients.d_weight.empty() || !gradients.d_bias.empty();
  if (!affine && gradients.d_alpha == nullptr) {
    if (BackwardShares(job, BlockSums<T>())) return;
    ForParts(ThreadsFor(options_, job), job.points, StepOf(job),
             [&](std::size_t first, std::size_t last, std::size_t worker) {
               run(first, last, BlockSums<T>(), worker);
             });
    return;
  }
  SumBlocks(job, gradients, run);
}

// By entries, where that is worth it and no point is unusual. Returns whether it was done.
template <typename T>
bool Norm<T>::BackwardShares(const Job<T>& job, const BlockSums<T>& sums) {
  const int threads = ThreadsFor(options_, job);
  if (threads == 1 || !SharesEntries(job) || job.known_inverse == nullptr) return false;
  return ForShares(threads, job, scratch_->runs.data(), [&](const Job<T>& its) {
    BackwardTiles(its, 0, its.points, sums, scratch_->workers[0].tile.data());
  });
}

// run(first, last, sums, worker) for all blocks, whose sums go into the gradients.
template <typename T>
template <typename Run>
void Norm<T>::SumBlocks(const Job<T>& job, const ParameterGradients<T>& gradients, const Run& run) {
  const bool affine = !gradients.d_weight.empty() || !gradients.d_bias.empty();
  const bool alpha = gradients.d_alpha != nullptr;
  const auto sums_of = [&](std::size_t worker) {
    return scratch_->SumsOf(scratch_->workers[worker], affine, alpha);
  };
  const std::size_t block = BlockOfCall(job);
  if (job.points > 0 && job.points <= 2 * block) {
    BlockSums<T> sums = sums_of(0);
    if (!gradients.d_weight.empty()) sums.d_weight = gradients.d_weight.data();
    if (!gradients.d_bias.empty()) sums.d_bias = gradients.d_bias.data();
    if (alpha) sums.d_alpha = gradients.d_alpha;
    if (job.points <= block) {
      if (!BackwardShares(job, sums)) run(0, job.points, sums, 0);
      return;
    }
    const BlockSums<T> others = scratch_->SumsOf(scratch_->second, affine, alpha);
    const int threads = ThreadsFor(options_, job);
    ForTwoBlocks(threads, job.points, block,
                 [&](std::size_t which, std::size_t first, std::size_t last) {
                   run(first, last, which == 0 ? sums : others, threads == 1 ? 0 : which);
                 });
    // One addition in T rounds as one in double does that is rounded to T.
    AddTo(gradients.d_weight, others.d_weight);
    AddTo(gradients.d_bias, others.d_bias);
    if (alpha) *gradients.d_alpha += *others.d_alpha;
    return;
  }
  scratch_->Clear();
  ForBlocks(
      options_.threads, job.points, block,
      [&](std::size_t first, std::size_t last, std::size_t worker) {
        run(first, last, sums_of(worker), worker);
      },
      [&](std::size_t worker) { scratch_->Add(scratch_->workers[worker], sums_of(worker)); });
  Round(scratch_->d_weight, gradients.d_weight);
  Round(scratch_->d_bias, gradients.d_bias);
  if (alpha) *gradients.d_alpha = static_cast<T>(scratch_->d_alpha);
}

template class Norm<float>;
template class Norm<double>;

}  // namespace crease::norm
