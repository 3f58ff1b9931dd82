#include "lib/norm/checks.h"

#include <cmath>
#include <cstdint>
#include <string>

#include "lib/core/error.h"

namespace crease::norm {
namespace {

void Require(bool right, const char* place, const char* what, const char* remedy) {
  if (!right) throw InputError(place, what, remedy);
}

bool Centred(const Options& options) {
  return options.kind == Kind::kLayerNorm || options.kind == Kind::kGroupNorm;
}

// A span's name and extent.
struct Extent {
  template <typename T>
  Extent(const char* its_name, std::span<T> span)
      : name(its_name), values(span.size()), first(span.data()), last(span.data() + span.size()) {}

  const char* name;
  std::size_t values;
  const void* first;
  const void* last;
};

void RequireSize(const Extent& extent, std::size_t expected, const char* shape) {
  if (extent.values == expected) return;
  throw InputError(
      extent.name,
      "has " + std::to_string(extent.values) + " values instead of " + std::to_string(expected),
      std::string("its shape is ") + shape);
}

void RequireSizeOrNone(const Extent& extent, std::size_t expected, const char* shape) {
  if (extent.values != 0) RequireSize(extent, expected, shape);
}

// No `written` span may share memory with another one.
template <std::size_t kWritten, std::size_t kRead>
void RequireApart(const Extent (&written)[kWritten], const Extent (&read)[kRead]) {
  const auto check = [](const Extent& a, const Extent& b) {
    const auto address = [](const void* p) { return reinterpret_cast<std::uintptr_t>(p); };
    if (a.values == 0 || b.values == 0) return;
    if (address(a.first) < address(b.last) && address(b.first) < address(a.last)) {
      throw InputError(a.name, std::string("overlaps ") + b.name, "give each its own memory");
    }
  };
  for (std::size_t i = 0; i < kWritten; ++i) {
    for (std::size_t j = 0; j < i; ++j) check(written[i], written[j]);
    for (const Extent& other : read) check(written[i], other);
  }
}

std::size_t PointsOf(const Options& options, const Extent& x) {
  if (x.values % options.width != 0) {
    throw InputError(x.name,
                     "has " + std::to_string(x.values) + " values, which width " +
                         std::to_string(options.width) + " does not divide",
                     "give width values for each point");
  }
  return x.values / options.width;
}

template <typename T>
void CheckStatistics(const Options& options, std::size_t points, const Statistics<T>& statistics) {
  const char* const shape = "(points, groups), or (groups, points) in feature-major";
  const std::size_t size = points * options.groups;
  if (!Centred(options)) {
    Require(statistics.mean.empty() && statistics.mean_rest.empty(), "statistics.mean",
            "this normalisation subtracts no mean", "leave mean and mean_rest empty");
  }
  Require(options.kind != Kind::kDyT || statistics.inverse.empty(), "statistics.inverse",
          "dyt divides by nothing", "leave it empty");
  RequireSizeOrNone({"statistics.mean", statistics.mean}, size, shape);
  RequireSizeOrNone({"statistics.mean_rest", statistics.mean_rest}, size, shape);
  RequireSizeOrNone({"statistics.inverse", statistics.inverse}, size, shape);
}

}  // namespace

void CheckOptions(const Options& options) {
  Require(options.width > 0, "width", "is 0", "give the number of entries of a point");
  if (options.kind == Kind::kGroupNorm) {
    Require(options.groups > 0 && options.width % options.groups == 0, "groups",
            "does not divide the width", "give a divisor of the width");
  } else {
    Require(options.groups == 1, "groups", "must be 1 but for groupnorm", "leave it out");
  }
  Require(std::isfinite(options.eps) && options.eps >= 0, "eps", "is negative or not finite",
          "give a number from 0 on");
  Require(std::isfinite(options.beta) && options.beta >= 0, "beta", "is negative or not finite",
          "give a number from 0 on");
  Require(options.exponent >= 1 && options.exponent <= 3, "exponent", "is none of 1, 2, 3",
          "choose one of them");
  Require(options.threads > 0, "threads", "is not positive", "give 1 or more");
}

template <typename T>
void CheckForward(const Options& options, std::span<const T> x, std::span<T> y,
                  const Parameters<T>& parameters, const Statistics<T>& statistics) {
  const std::size_t points = PointsOf(options, {"x", x});
  RequireSize({"y", y}, x.size(), "that of x");
  RequireSizeOrNone({"weight", parameters.weight}, options.width, "(width)");
  RequireSizeOrNone({"bias", parameters.bias}, options.width, "(width)");
  CheckStatistics(options, points, statistics);
  const Extent written[] = {{"y", y},
                            {"statistics.mean", statistics.mean},
                            {"statistics.mean_rest", statistics.mean_rest},
                            {"statistics.inverse", statistics.inverse}};
  const Extent read[] = {{"x", x}, {"weight", parameters.weight}, {"bias", parameters.bias}};
  RequireApart(written, read);
}

template <typename T>
void CheckBackward(const Options& options, std::span<const T> x, std::span<const T> d_y,
                   std::span<T> d_x, const Parameters<T>& parameters,
                   const Statistics<const T>& statistics, const ParameterGradients<T>& gradients) {
  const std::size_t points = PointsOf(options, {"x", x});
  RequireSize({"d_y", d_y}, x.size(), "that of x");
  RequireSize({"d_x", d_x}, x.size(), "that of x");
  RequireSizeOrNone({"weight", parameters.weight}, options.width, "(width)");
  RequireSizeOrNone({"bias", parameters.bias}, options.width, "(width)");
  CheckStatistics(options, points, statistics);
  Require(!Centred(options) || statistics.inverse.empty() || !statistics.mean.empty(),
          "statistics.mean", "is empty, but inverse is not", "give both or neither");
  RequireSizeOrNone({"d_weight", gradients.d_weight}, options.width, "(width)");
  RequireSizeOrNone({"d_bias", gradients.d_bias}, options.width, "(width)");
  Require(gradients.d_alpha == nullptr || options.kind == Kind::kDyT, "d_alpha",
          "only dyt has an alpha", "leave it out");
  const Extent written[] = {
      {"d_x", d_x}, {"d_weight", gradients.d_weight}, {"d_bias", gradients.d_bias}};
  const Extent read[] = {{"x", x},
                         {"d_y", d_y},
                         {"weight", parameters.weight},
                         {"bias", parameters.bias},
                         {"statistics.mean", statistics.mean},
                         {"statistics.mean_rest", statistics.mean_rest},
                         {"statistics.inverse", statistics.inverse}};
  RequireApart(written, read);
}

template void CheckForward(const Options&, std::span<const float>, std::span<float>,
                           const Parameters<float>&, const Statistics<float>&);
template void CheckForward(const Options&, std::span<const double>, std::span<double>,
                           const Parameters<double>&, const Statistics<double>&);
template void CheckBackward(const Options&, std::span<const float>, std::span<const float>,
                            std::span<float>, const Parameters<float>&,
                            const Statistics<const float>&, const ParameterGradients<float>&);
template void CheckBackward(const Options&, std::span<const double>, std::span<const double>,
                            std::span<double>, const Parameters<double>&,
                            const Statistics<const double>&, const ParameterGradients<double>&);

}  // namespace crease::norm
