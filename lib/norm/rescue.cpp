#include "lib/norm/rescue.h"

#include <algorithm>
#include <cmath>

namespace crease::norm {
namespace {

template <typename T>
double Divisor(const Job<T>& job) {
  return job.kind == Kind::kUnit ? 1.0 : static_cast<double>(job.width);
}

// The entries of one group of one point, scaled by 2^shift, and what normalises them.
template <typename T>
class Scaled {
 public:
  Scaled(const Job<T>& job, std::size_t point, std::size_t group)
      : job_(job), from_(job.x + job.At(point, group, 0)), shift_(ShiftOf()) {
    if (job.centred()) FindMean();
    FindInverse();
  }

  double Entry(std::size_t c) const {
    return std::ldexp(static_cast<double>(from_[c * job_.entry_stride]), shift_);
  }
  double Deviation(std::size_t c) const { return (Entry(c) - mean_) - rest_; }

  double Normalised(std::size_t c) const {
    if (no_spread_) return 0.0;
    const double d = Deviation(c);
    return d * LowerPower(d) * inverse_;
  }
  // The derivative: bracket / s, or bracket (a / D) |x|^(a-1).
  T Derivative(std::size_t c, double bracket) const {
    if (no_spread_) return T{0};
    double slope = inverse_;
    if (job_.kind == Kind::kDivisive) slope *= job_.exponent * LowerPower(Entry(c));
    return static_cast<T>(std::ldexp(bracket * slope, shift_));
  }

  T mean() const { return static_cast<T>(std::ldexp(mean_ + rest_, -shift_)); }
  T mean_rest() const {
    const double rounded = std::ldexp(static_cast<double>(mean()), shift_);
    return static_cast<T>(std::ldexp((mean_ - rounded) + rest_, -shift_));
  }
  T inverse() const {
    if (no_spread_) return T{0};
    const int power = job_.kind == Kind::kDivisive ? job_.exponent * shift_ : shift_;
    return static_cast<T>(std::ldexp(inverse_, power));
  }

 private:
  int ShiftOf() const {
    double largest = 0.0;
    for (std::size_t c = 0; c < job_.width; ++c) {
      const double size = std::fabs(static_cast<double>(from_[c * job_.entry_stride]));
      if (!std::isfinite(size)) return 0;  // the formulas give NaN as they are
      largest = std::max(largest, size);
    }
    const double floor = job_.kind == Kind::kDivisive ? static_cast<double>(job_.beta)
                                                      : std::sqrt(static_cast<double>(job_.eps));
    largest = std::max(largest, floor);
    return largest == 0.0 ? 0 : -std::ilogb(largest);
  }

  double LowerPower(double value) const {
    if (job_.kind != Kind::kDivisive || job_.exponent == 1) return 1.0;
    return job_.exponent == 2 ? std::fabs(value) : value * value;
  }

  // About the first entry, so that equal entries have no spread at all.
  void FindMean() {
    const double first = Entry(0), count = static_cast<double>(job_.width);
    double sum = 0.0;
    for (std::size_t c = 0; c < job_.width; ++c) sum += Entry(c) - first;
    mean_ = first + sum / count;
    sum = 0.0;
    for (std::size_t c = 0; c < job_.width; ++c) sum += Entry(c) - mean_;
    rest_ = sum / count;
  }

  void FindInverse() {
    double sum = 0.0;
    if (job_.kind == Kind::kDivisive) {
      for (std::size_t c = 0; c < job_.width; ++c) {
        sum += std::fabs(Entry(c)) * std::fabs(LowerPower(Entry(c)));
      }
      double offset = 1.0;
      const double beta = std::ldexp(static_cast<double>(job_.beta), shift_);
      for (int i = 0; i < job_.exponent; ++i) offset *= beta;
      sum += offset;
    } else {
      for (std::size_t c = 0; c < job_.width; ++c) sum += Deviation(c) * Deviation(c);
      sum = std::sqrt(sum / Divisor(job_) + std::ldexp(static_cast<double>(job_.eps), 2 * shift_));
    }
    no_spread_ = sum == 0.0;
    inverse_ = 1.0 / sum;
  }

  const Job<T>& job_;
  const T* from_;
  int shift_;
  double mean_ = 0.0, rest_ = 0.0, inverse_ = 0.0;
  bool no_spread_ = false;
};

double SignOf(double value) { return static_cast<double>((0.0 < value) - (value < 0.0)); }

}  // namespace

template <typename T>
void RescueForward(const Job<T>& job, std::size_t point, std::size_t group) {
  const Scaled<T> scaled(job, point, group);
  const T* weight = job.weight + group * job.width;
  const T* bias = job.bias + group * job.width;
  for (std::size_t c = 0; c < job.width; ++c) {
    const T u = static_cast<T>(scaled.Normalised(c));
    job.out[job.At(point, group, c)] = job.affine ? std::fma(weight[c], u, bias[c]) : u;
  }
  const std::size_t at = job.StatisticAt(point, group);
  if (job.mean != nullptr) job.mean[at] = scaled.mean();
  if (job.mean_rest != nullptr) job.mean_rest[at] = scaled.mean_rest();
  if (job.inverse != nullptr) job.inverse[at] = scaled.inverse();
}

template <typename T>
void RescueBackward(const Job<T>& job, std::size_t point, std::size_t group, std::size_t stride,
                    T* d_weight, T* d_bias) {
  const Scaled<T> scaled(job, point, group);
  const T* weight = job.weight + group * job.width;
  const T* d_y = job.d_y + job.At(point, group, 0);
  const auto gradient = [&](std::size_t c) {
    return static_cast<double>(d_y[c * job.entry_stride]) * static_cast<double>(weight[c]);
  };
  double sum = 0.0, along = 0.0;
  for (std::size_t c = 0; c < job.width; ++c) {
    const T u = static_cast<T>(scaled.Normalised(c)), g = d_y[c * job.entry_stride];
    sum += gradient(c);
    along += gradient(c) * scaled.Normalised(c);
    if (d_weight != nullptr) d_weight[c * stride] = std::fma(g, u, d_weight[c * stride]);
    if (d_bias != nullptr) d_bias[c * stride] += g;
  }
  const double mean = job.centred() ? sum / static_cast<double>(job.width) : 0.0;
  const bool divisive = job.kind == Kind::kDivisive;
  if (!divisive) along /= Divisor(job);
  for (std::size_t c = 0; c < job.width; ++c) {
    const double u = divisive ? SignOf(scaled.Entry(c)) : scaled.Normalised(c);
    job.out[job.At(point, group, c)] = scaled.Derivative(c, (gradient(c) - mean) - u * along);
  }
}

template void RescueForward(const Job<float>&, std::size_t, std::size_t);
template void RescueForward(const Job<double>&, std::size_t, std::size_t);
template void RescueBackward(const Job<float>&, std::size_t, std::size_t, std::size_t, float*,
                             float*);
template void RescueBackward(const Job<double>&, std::size_t, std::size_t, std::size_t, double*,
                             double*);

}  // namespace crease::norm
