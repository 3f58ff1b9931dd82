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
  std::vector<double> d_weight, d_bias;  // (width), of all blocks
  double d_alpha = 0;
  std::vector<Worker> workers;

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

// run(first, last, worker) for contiguous parts of the points, one for each thread.
template <typename Run>
void ForParts(int threads, std::size_t points, const Run& run) {
  if (threads == 1) return run(0, points, 0);
  constexpr std::size_t kStep = 64;  // cuts no tile
  const auto parts = static_cast<std::size_t>(threads);
  const std::size_t part = ((points + parts - 1) / parts + kStep - 1) / kStep * kStep;
#pragma omp parallel for num_threads(threads) schedule(static, 1)
  for (std::size_t i = 0; i < parts; ++i) {
    const std::size_t first = std::min(i * part, points), last = std::min(first + part, points);
    if (first < last) run(first, last, i);
  }
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
  scratch_->workers.resize(static_cast<std::size_t>(options.threads));
  const Job<T> job = JobOf<T>(options, 0);
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
  ForParts(options_.threads, job.points,
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
    ForParts(options_.threads, job.points,
             [&](std::size_t first, std::size_t last, std::size_t worker) {
               run(first, last, BlockSums<T>(), worker);
             });
    return;
  }
  const auto sums_of = [&](std::size_t worker) {
    return scratch_->SumsOf(scratch_->workers[worker], affine, gradients.d_alpha != nullptr);
  };
  if (job.points > 0 && job.points <= BlockOf(options_.width)) {  // no sum over blocks
    BlockSums<T> sums = sums_of(0);
    if (!gradients.d_weight.empty()) sums.d_weight = gradients.d_weight.data();
    if (!gradients.d_bias.empty()) sums.d_bias = gradients.d_bias.data();
    if (gradients.d_alpha != nullptr) sums.d_alpha = gradients.d_alpha;
    return run(0, job.points, sums, 0);
  }
  scratch_->Clear();
  ForBlocks(
      options_.threads, job.points, BlockOf(options_.width),
      [&](std::size_t first, std::size_t last, std::size_t worker) {
        run(first, last, sums_of(worker), worker);
      },
      [&](std::size_t worker) { scratch_->Add(scratch_->workers[worker], sums_of(worker)); });
  Round(scratch_->d_weight, gradients.d_weight);
  Round(scratch_->d_bias, gradients.d_bias);
  if (gradients.d_alpha != nullptr) *gradients.d_alpha = static_cast<T>(scratch_->d_alpha);
}

template class Norm<float>;
template class Norm<double>;

}  // namespace crease::norm
