#include "lib/data/generated.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "lib/core/portable_math.h"
#include "lib/core/random.h"

namespace crease::data {
namespace {

RandomStream Stream(const Options& options, Purpose purpose) {
  return {static_cast<std::uint64_t>(options.data_seed), purpose};
}

Dataset MakeEmpty(const Options& options, std::size_t inputs, std::size_t classes) {
  Dataset dataset;
  dataset.task = options.task;
  dataset.inputs = inputs;
  dataset.outputs = classes;
  dataset.train.points = static_cast<std::size_t>(options.points);
  dataset.train.x.resize(dataset.train.points * inputs);
  dataset.train.labels.resize(dataset.train.points);
  return dataset;
}

// x[i] = scale * normal i of the stream.
void FillNormals(const RandomStream& stream, double scale, std::span<float> x) {
  constexpr std::size_t kBlock = 512;
  double normals[kBlock];
  for (std::size_t begin = 0; begin < x.size(); begin += kBlock) {
    const std::size_t count = std::min(kBlock, x.size() - begin);
    stream.Normals(begin, {normals, count});
    for (std::size_t i = 0; i < count; ++i) x[begin + i] = static_cast<float>(scale * normals[i]);
  }
}

}  // namespace

Dataset MakeSpiral(const Options& options) {
  Dataset dataset = MakeEmpty(options, 2, 2);
  const RandomStream noise = Stream(options, Purpose::kNoise);
  const double points_per_arm = static_cast<double>(options.points) / 2.0;
  for (std::size_t i = 0; i < dataset.train.points; ++i) {
    const int arm = static_cast<int>(i % 2);
    const std::size_t along = i / 2;
    const double s = (static_cast<double>(along) + 0.5) / points_per_arm;
    const double radius = 0.1 + 0.9 * s;
    const double angle = 2.0 * portable::kPi * options.turns * s + portable::kPi * arm;
    double x = radius * portable::Cos(angle), y = radius * portable::Sin(angle);
    if (options.noise > 0.0) {
      x += options.noise * noise.Normal(2 * i);
      y += options.noise * noise.Normal(2 * i + 1);
    }
    dataset.train.x[2 * i] = static_cast<float>(x);
    dataset.train.x[2 * i + 1] = static_cast<float>(y);
    dataset.train.labels[i] = arm;
  }
  return dataset;
}

Dataset MakeOctants(const Options& options) {
  Dataset dataset = MakeEmpty(options, 3, 2);
  const RandomStream stream = Stream(options, Purpose::kData);
  for (std::size_t i = 0; i < dataset.train.points; ++i) {
    double v[3];
    stream.Normals(3 * i, v);
    const double norm = std::sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
    for (std::size_t d = 0; d < 3; ++d) {
      dataset.train.x[3 * i + d] = static_cast<float>(v[d] / norm);
    }
    // By signs, because the product of three small coordinates may underflow.
    dataset.train.labels[i] = ((v[0] > 0) ^ (v[1] > 0) ^ (v[2] > 0)) ? 1 : 0;
  }
  return dataset;
}

Dataset MakeSectors(const Options& options) {
  Dataset dataset = MakeEmpty(options, 2, 2);
  const std::int64_t n = options.points;
  for (std::int64_t i = 0; i < n; ++i) {
    const double turn = (static_cast<double>(i) + 0.5) / static_cast<double>(n);
    const double angle = 2.0 * portable::kPi * turn;
    const auto row = static_cast<std::size_t>(i);
    dataset.train.x[2 * row] = static_cast<float>(portable::Cos(angle));
    dataset.train.x[2 * row + 1] = static_cast<float>(portable::Sin(angle));
    // In whole numbers, so that no rounding moves a point over an edge.
    dataset.train.labels[row] =
        static_cast<std::int32_t>((2 * i + 1) * options.sectors / (2 * n) % 2);
  }
  return dataset;
}

std::vector<std::int32_t> RandomLabels(std::size_t count, std::int64_t classes,
                                       std::int64_t data_seed) {
  const RandomStream stream(static_cast<std::uint64_t>(data_seed), Purpose::kLabels);
  std::vector<std::int32_t> labels(count);
  for (std::size_t i = 0; i < count; ++i) {
    labels[i] = static_cast<std::int32_t>(stream.Below(i, static_cast<std::uint64_t>(classes)));
  }
  return labels;
}

Dataset MakeRandomLabels(const Options& options) {
  Dataset dataset = MakeEmpty(options, static_cast<std::size_t>(options.inputs),
                              static_cast<std::size_t>(options.classes));
  FillNormals(Stream(options, Purpose::kData), 1.0, dataset.train.x);
  dataset.train.labels = RandomLabels(dataset.train.points, options.classes, options.data_seed);
  return dataset;
}

Dataset MakeToyRegression(const Options& options) {
  const auto inputs = static_cast<std::size_t>(options.inputs);
  Dataset dataset = MakeEmpty(options, inputs, inputs);
  dataset.train.labels.clear();
  dataset.regression = true;
  dataset.supervised = static_cast<std::size_t>(options.supervised);
  FillNormals(Stream(options, Purpose::kEvaluation), options.sigma, dataset.train.x);
  dataset.train.targets = dataset.train.x;
  dataset.fresh = FreshDraws{.sigma = options.sigma, .points_per_step = 128};
  return dataset;
}

void FillFreshPoints(const FreshDraws& draws, std::size_t inputs, std::uint64_t seed,
                     std::uint64_t step, std::size_t points, float* x) {
  const RandomStream stream(seed, Purpose::kFreshPoints, static_cast<std::uint32_t>(step));
  FillNormals(stream, draws.sigma, {x, points * inputs});
}

}  // namespace crease::data
