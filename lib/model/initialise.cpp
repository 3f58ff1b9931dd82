#include "lib/model/initialise.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <vector>

#include "lib/core/random.h"

namespace crease::model {
namespace {

void FillUniform(const RandomStream& random, double bound, std::span<float> to) {
  for (std::size_t i = 0; i < to.size(); ++i) {
    to[i] = static_cast<float>(bound * (2.0 * random.Uniform(i) - 1.0));
  }
}

void FillNormal(const RandomStream& random, double deviation, std::span<float> to) {
  for (std::size_t i = 0; i < to.size(); ++i) {
    to[i] = static_cast<float>(deviation * random.Normal(i));
  }
}

// Gram-Schmidt, each vector twice ("twice is enough", Giraud et al. 2005), in double with a fixed
// order, on `vectors` vectors of `length` >= vectors Gaussian entries.
std::vector<double> OrthonormalVectors(const RandomStream& random, std::size_t vectors,
                                       std::size_t length) {
  std::vector<double> q(vectors * length);
  for (std::size_t i = 0; i < q.size(); ++i) q[i] = random.Normal(i);
  const auto dot = [&](std::size_t a, std::size_t b) {
    double sum = 0.0;
    for (std::size_t i = 0; i < length; ++i) {
      sum = std::fma(q[a * length + i], q[b * length + i], sum);
    }
    return sum;
  };
  for (std::size_t v = 0; v < vectors; ++v) {
    for (int pass = 0; pass < 2; ++pass) {
      for (std::size_t u = 0; u < v; ++u) {
        const double along = dot(u, v);
        for (std::size_t i = 0; i < length; ++i) {
          q[v * length + i] = std::fma(-along, q[u * length + i], q[v * length + i]);
        }
      }
    }
    const double norm = std::sqrt(dot(v, v));
    for (std::size_t i = 0; i < length; ++i) q[v * length + i] /= norm;
  }
  return q;
}

void FillOrthogonal(const RandomStream& random, const Tensor& weight, std::span<float> to) {
  const bool rows = weight.rows <= weight.columns;
  const std::size_t vectors = std::min(weight.rows, weight.columns);
  const std::size_t length = std::max(weight.rows, weight.columns);
  const std::vector<double> q = OrthonormalVectors(random, vectors, length);
  for (std::size_t r = 0; r < weight.rows; ++r) {
    for (std::size_t c = 0; c < weight.columns; ++c) {
      const std::size_t from = rows ? r * length + c : c * length + r;
      to[r * weight.columns + c] = static_cast<float>(q[from]);
    }
  }
}

void FillWeight(Init init, const RandomStream& random, const Tensor& weight, std::span<float> to) {
  const auto fan_in = static_cast<double>(weight.columns);
  const auto fan_out = static_cast<double>(weight.rows);
  switch (init) {
    case Init::kTorch:
      return FillUniform(random, 1.0 / std::sqrt(fan_in), to);
    case Init::kXavier:
      return FillUniform(random, std::sqrt(6.0 / (fan_in + fan_out)), to);
    case Init::kHe:
      return FillNormal(random, std::sqrt(2.0 / fan_in), to);
    case Init::kOrthogonal:
      return FillOrthogonal(random, weight, to);
  }
}

}  // namespace

void InitialiseParameters(const Architecture& architecture, const ParameterLayout& layout,
                          std::uint64_t seed, std::span<float> parameters) {
  assert(parameters.size() == layout.size());
  std::fill(parameters.begin(), parameters.end(), 0.0f);
  for (const Tensor& tensor : layout.tensors()) {
    const std::span<float> to = parameters.subspan(tensor.offset, tensor.size());
    // Streams are numbered by layer and kind, so that no tensor's numbers depend on which others
    // the network has.
    const auto stream =
        static_cast<std::uint32_t>(tensor.layer * 8) + static_cast<std::uint32_t>(tensor.kind);
    const RandomStream random(seed, Purpose::kParameters, stream);
    switch (tensor.kind) {
      case TensorKind::kLinearWeight:
        FillWeight(architecture.options.init, random, tensor, to);
        break;
      case TensorKind::kLinearBias:
        if (architecture.options.init == Init::kTorch) {
          FillUniform(random,
                      1.0 / std::sqrt(static_cast<double>(architecture.fan_in(tensor.layer))), to);
        }
        break;
      case TensorKind::kNormWeight:
        std::fill(to.begin(), to.end(), 1.0f);
        break;
      case TensorKind::kNormAlpha:
        to[0] = static_cast<float>(architecture.options.alpha);
        break;
      case TensorKind::kNormBias:
        break;
    }
  }
}

}  // namespace crease::model
