// LayerNorm as a careful user of Eigen writes it: vectorised expressions over a row at a time, or
// over a block of columns. Compiled for the machine that builds it.
#include <cmath>
#include <vector>

#include <Eigen/Core>
#include <omp.h>

#include "benchmarks/norm/norm_case.h"

namespace crease::benchmarks {
namespace {

using Row = Eigen::Array<float, 1, Eigen::Dynamic>;
using ConstRow = Eigen::Map<const Row>;
using MutableRow = Eigen::Map<Row>;
constexpr Eigen::Index kColumns = 128;

struct Sums {
  Row d_weight, d_bias;
};

class EigenPeer : public NormPeer {
 public:
  explicit EigenPeer(NormCase& norm)
      : case_(norm),
        width_(static_cast<Eigen::Index>(norm.shape.width)),
        points_(static_cast<Eigen::Index>(norm.points)),
        mean_(norm.points),
        inverse_(norm.points),
        sums_(static_cast<std::size_t>(norm.shape.threads)) {
    if (!norm.shape.backward) return;
    Buffer unused(norm.size());
    y_ = unused.data();
    ForwardRange(0, points_);
  }

  void Run() override {
    y_ = case_.y.data();
    const int threads = case_.shape.threads;
    if (threads == 1) {
      Range(0, 0, points_);
    } else {
#pragma omp parallel num_threads(threads)
      {
        const int t = omp_get_thread_num();
        // Threads meet at a multiple of 16 points.
        const auto border = [&](int k) { return k == threads ? points_ : points_ / threads * k; };
        Range(static_cast<std::size_t>(t), border(t), border(t + 1));
      }
    }
    if (!case_.shape.backward) return;
    MutableRow d_weight(case_.d_weight.data(), width_), d_bias(case_.d_bias.data(), width_);
    d_weight = sums_[0].d_weight;
    d_bias = sums_[0].d_bias;
    for (std::size_t t = 1; t < sums_.size(); ++t) {
      d_weight += sums_[t].d_weight;
      d_bias += sums_[t].d_bias;
    }
  }

 private:
  void Range(std::size_t thread, Eigen::Index first, Eigen::Index last) {
    if (!case_.shape.backward) return ForwardRange(first, last);
    sums_[thread].d_weight.setZero(width_);
    sums_[thread].d_bias.setZero(width_);
    if (case_.shape.feature_major) {
      BackwardColumns(first, last, sums_[thread]);
    } else {
      BackwardRows(first, last, sums_[thread]);
    }
  }

  void ForwardRange(Eigen::Index first, Eigen::Index last) {
    if (case_.shape.feature_major) {
      ForwardColumns(first, last);
    } else {
      ForwardRows(first, last);
    }
  }

  void ForwardRows(Eigen::Index first, Eigen::Index last) {
    const ConstRow weight(case_.weight.data(), width_), bias(case_.bias.data(), width_);
    for (Eigen::Index p = first; p < last; ++p) {
      const ConstRow x(case_.x.data() + p * width_, width_);
      const float mean = x.mean();
      const float inverse = 1.0f / std::sqrt((x - mean).square().mean() + kEps);
      mean_[static_cast<std::size_t>(p)] = mean;
      inverse_[static_cast<std::size_t>(p)] = inverse;
      MutableRow(y_ + p * width_, width_) = (x - mean) * inverse * weight + bias;
    }
  }

  void BackwardRows(Eigen::Index first, Eigen::Index last, Sums& sums) {
    const ConstRow weight(case_.weight.data(), width_);
    Row normal(width_), scaled(width_);
    for (Eigen::Index p = first; p < last; ++p) {
      const ConstRow x(case_.x.data() + p * width_, width_);
      const ConstRow d_y(case_.d_y.data() + p * width_, width_);
      const float inverse = inverse_[static_cast<std::size_t>(p)];
      normal = (x - mean_[static_cast<std::size_t>(p)]) * inverse;
      scaled = d_y * weight;
      sums.d_weight += d_y * normal;
      sums.d_bias += d_y;
      const float total = scaled.mean(), along = (scaled * normal).mean();
      MutableRow(case_.d_x.data() + p * width_, width_) =
          (scaled - total - normal * along) * inverse;
    }
  }

  ConstRow Part(const float* array, Eigen::Index entry, Eigen::Index p, Eigen::Index count) const {
    return ConstRow(array + entry * points_ + p, count);
  }

  void ForwardColumns(Eigen::Index first, Eigen::Index last) {
    Row mean, inverse;
    for (Eigen::Index p = first; p < last; p += kColumns) {
      const Eigen::Index count = std::min(kColumns, last - p);
      mean.setZero(count);
      inverse.setZero(count);
      for (Eigen::Index i = 0; i < width_; ++i) mean += Part(case_.x.data(), i, p, count);
      mean /= static_cast<float>(width_);
      for (Eigen::Index i = 0; i < width_; ++i) {
        inverse += (Part(case_.x.data(), i, p, count) - mean).square();
      }
      inverse = 1.0f / (inverse / static_cast<float>(width_) + kEps).sqrt();
      MutableRow(&mean_[static_cast<std::size_t>(p)], count) = mean;
      MutableRow(&inverse_[static_cast<std::size_t>(p)], count) = inverse;
      for (Eigen::Index i = 0; i < width_; ++i) {
        const auto entry = static_cast<std::size_t>(i);
        MutableRow(y_ + i * points_ + p, count) =
            (Part(case_.x.data(), i, p, count) - mean) * inverse * case_.weight[entry] +
            case_.bias[entry];
      }
    }
  }

  void BackwardColumns(Eigen::Index first, Eigen::Index last, Sums& sums) {
    Row total, along, normal;
    for (Eigen::Index p = first; p < last; p += kColumns) {
      const Eigen::Index count = std::min(kColumns, last - p);
      const ConstRow mean(&mean_[static_cast<std::size_t>(p)], count);
      const ConstRow inverse(&inverse_[static_cast<std::size_t>(p)], count);
      total.setZero(count);
      along.setZero(count);
      for (Eigen::Index i = 0; i < width_; ++i) {
        const auto d_y = Part(case_.d_y.data(), i, p, count);
        const float weight = case_.weight[static_cast<std::size_t>(i)];
        normal = (Part(case_.x.data(), i, p, count) - mean) * inverse;
        total += d_y * weight;
        along += d_y * normal * weight;
        sums.d_weight[i] += (d_y * normal).sum();
        sums.d_bias[i] += d_y.sum();
      }
      total /= static_cast<float>(width_);
      along /= static_cast<float>(width_);
      for (Eigen::Index i = 0; i < width_; ++i) {
        normal = (Part(case_.x.data(), i, p, count) - mean) * inverse;
        MutableRow(case_.d_x.data() + i * points_ + p, count) =
            (Part(case_.d_y.data(), i, p, count) * case_.weight[static_cast<std::size_t>(i)] -
             total - normal * along) *
            inverse;
      }
    }
  }

  NormCase& case_;
  Eigen::Index width_, points_;
  std::vector<float> mean_, inverse_;
  std::vector<Sums> sums_;
  float* y_ = nullptr;
};

}  // namespace

std::unique_ptr<NormPeer> MakeEigen(NormCase& norm) { return std::make_unique<EigenPeer>(norm); }

}  // namespace crease::benchmarks
