#include "lib/model/initialise.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "lib/core/aligned.h"

namespace crease::model {
namespace {

Architecture Wide(Init init) {
  Options options;
  options.width = 120;
  options.depth = 2;
  options.init = init;
  return {options, 80, 10};
}

AlignedVector<float> Initialise(const Architecture& architecture, std::uint64_t seed = 1) {
  const ParameterLayout layout(architecture);
  AlignedVector<float> parameters(layout.size(), 99.0f);
  InitialiseParameters(architecture, layout, seed, parameters);
  return parameters;
}

std::vector<double> Part(const Architecture& architecture, const AlignedVector<float>& parameters,
                         TensorKind kind, std::size_t layer) {
  const ParameterLayout layout(architecture);
  const Tensor* tensor = layout.Find(kind, layer);
  EXPECT_NE(tensor, nullptr);
  const auto begin = parameters.begin() + static_cast<std::ptrdiff_t>(tensor->offset);
  return {begin, begin + static_cast<std::ptrdiff_t>(tensor->size())};
}

struct Moments {
  double mean = 0.0, deviation = 0.0, largest = 0.0, kurtosis = 0.0;
};

Moments MomentsOf(const std::vector<double>& values) {
  Moments m;
  const auto n = static_cast<double>(values.size());
  for (const double v : values) m.mean += v / n;
  double second = 0.0, fourth = 0.0;
  for (const double v : values) {
    second += std::pow(v - m.mean, 2) / n;
    fourth += std::pow(v - m.mean, 4) / n;
    m.largest = std::max(m.largest, std::abs(v));
  }
  m.deviation = std::sqrt(second);
  m.kurtosis = fourth / (second * second);
  return m;
}

// Uniform in +-bound: deviation bound / sqrt(3), kurtosis 9/5; five standard errors of slack.
void ExpectUniform(const std::vector<double>& values, double bound) {
  const Moments m = MomentsOf(values);
  const double root = std::sqrt(static_cast<double>(values.size()));
  EXPECT_LE(m.largest, bound * (1.0 + 1e-7));
  EXPECT_GE(m.largest, bound * (1.0 - 10.0 / (root * root)));
  EXPECT_NEAR(m.mean, 0.0, 5.0 * bound / std::sqrt(3.0) / root);
  EXPECT_NEAR(m.deviation, bound / std::sqrt(3.0), 5.0 * bound / root);
  if (values.size() > 1000) {
    EXPECT_NEAR(m.kurtosis, 1.8, 10.0 / root);
  }
}

TEST(Initialise, TorchIsUniformInTheInverseRootOfFanIn) {
  const Architecture architecture = Wide(Init::kTorch);
  const auto parameters = Initialise(architecture);
  for (std::size_t l = 0; l < 3; ++l) {
    const double bound = 1.0 / std::sqrt(static_cast<double>(architecture.fan_in(l)));
    ExpectUniform(Part(architecture, parameters, TensorKind::kLinearWeight, l), bound);
  }
  ExpectUniform(Part(architecture, parameters, TensorKind::kLinearBias, 1), 1.0 / std::sqrt(120.0));
  const auto head = Part(architecture, parameters, TensorKind::kLinearBias, 2);
  EXPECT_GT(MomentsOf(head).largest, 0.0);
}

TEST(Initialise, XavierAndHeHaveTheirMomentsAndNoBias) {
  const Architecture xavier = Wide(Init::kXavier), he = Wide(Init::kHe);
  const auto uniform = Initialise(xavier), normal = Initialise(he);
  ExpectUniform(Part(xavier, uniform, TensorKind::kLinearWeight, 0), std::sqrt(6.0 / 200.0));
  const Moments m = MomentsOf(Part(he, normal, TensorKind::kLinearWeight, 0));
  const double deviation = std::sqrt(2.0 / 80.0), root = std::sqrt(9600.0);
  EXPECT_NEAR(m.mean, 0.0, 5.0 * deviation / root);
  EXPECT_NEAR(m.deviation, deviation, 5.0 * deviation / std::sqrt(2.0) / root);
  EXPECT_NEAR(m.kurtosis, 3.0, 5.0 * std::sqrt(24.0) / root);
  for (std::size_t l = 0; l < 3; ++l) {
    EXPECT_EQ(MomentsOf(Part(xavier, uniform, TensorKind::kLinearBias, l)).largest, 0.0);
    EXPECT_EQ(MomentsOf(Part(he, normal, TensorKind::kLinearBias, l)).largest, 0.0);
  }
}

// The largest deviation of the Gram matrix of rows (or columns) from the identity.
double GramError(const std::vector<double>& w, std::size_t rows, std::size_t columns) {
  const bool by_rows = rows <= columns;
  const std::size_t vectors = std::min(rows, columns), length = std::max(rows, columns);
  const auto entry = [&](std::size_t v, std::size_t i) {
    return by_rows ? w[v * columns + i] : w[i * columns + v];
  };
  double worst = 0.0;
  for (std::size_t a = 0; a < vectors; ++a) {
    for (std::size_t b = 0; b < vectors; ++b) {
      double dot = a == b ? -1.0 : 0.0;
      for (std::size_t i = 0; i < length; ++i) dot += entry(a, i) * entry(b, i);
      worst = std::max(worst, std::abs(dot));
    }
  }
  return worst;
}

TEST(Initialise, OrthogonalIsOrthogonalWhicheverSideIsLonger) {
  const Architecture architecture = Wide(Init::kOrthogonal);
  const auto parameters = Initialise(architecture);
  for (std::size_t l = 0; l < 3; ++l) {
    const auto w = Part(architecture, parameters, TensorKind::kLinearWeight, l);
    EXPECT_LE(GramError(w, architecture.fan_out(l), architecture.fan_in(l)), 1e-6) << l;
    EXPECT_EQ(MomentsOf(Part(architecture, parameters, TensorKind::kLinearBias, l)).largest, 0.0);
  }
}

TEST(Initialise, NormsStartAsTheIdentityAndPaddingIsZero) {
  Options options;
  options.norm = Norm::kDyT;
  options.affine = true;
  options.alpha = 0.7;
  const Architecture architecture = {options, 2, 2};
  const ParameterLayout layout(architecture);
  AlignedVector<float> parameters = Initialise(architecture);
  EXPECT_EQ(Part(architecture, parameters, TensorKind::kNormWeight, 1),
            (std::vector<double>{1, 1, 1}));
  EXPECT_EQ(Part(architecture, parameters, TensorKind::kNormBias, 0),
            (std::vector<double>{0, 0, 0}));
  EXPECT_EQ(Part(architecture, parameters, TensorKind::kNormAlpha, 1)[0],
            static_cast<double>(0.7f));
  for (const Tensor& tensor : layout.tensors()) {
    std::fill_n(parameters.begin() + static_cast<std::ptrdiff_t>(tensor.offset), tensor.size(),
                0.0f);
  }
  EXPECT_TRUE(std::all_of(parameters.begin(), parameters.end(), [](float v) { return v == 0; }));
}

// Comparisons between norms, or with and without biases, start from the same weights.
TEST(Initialise, ATensorsNumbersDoNotDependOnTheOthers) {
  for (const Init init : {Init::kTorch, Init::kXavier, Init::kHe, Init::kOrthogonal}) {
    Options plain;
    plain.init = init;
    Options other = plain;
    other.norm = Norm::kDyT;
    other.affine = true;
    other.bias = other.head_bias = false;
    Options deeper = plain;
    deeper.depth = 4;
    const Architecture a = {plain, 2, 2}, b = {other, 2, 2}, c = {deeper, 2, 2};
    const auto p = Initialise(a), q = Initialise(b), r = Initialise(c);
    for (std::size_t l = 0; l < 3; ++l) {
      EXPECT_EQ(Part(a, p, TensorKind::kLinearWeight, l), Part(b, q, TensorKind::kLinearWeight, l));
    }
    for (std::size_t l = 0; l < 2; ++l) {  // the head of one is a hidden layer of the other
      EXPECT_EQ(Part(a, p, TensorKind::kLinearWeight, l), Part(c, r, TensorKind::kLinearWeight, l));
      EXPECT_EQ(Part(a, p, TensorKind::kLinearBias, l), Part(c, r, TensorKind::kLinearBias, l));
    }
  }
}

TEST(Initialise, SeedsAndLayersDiffer) {
  const Architecture architecture = Wide(Init::kTorch);
  const auto a = Initialise(architecture, 1), b = Initialise(architecture, 2);
  const auto first = Part(architecture, a, TensorKind::kLinearWeight, 0);
  const auto other = Part(architecture, b, TensorKind::kLinearWeight, 0);
  std::size_t same = 0;
  for (std::size_t i = 0; i < first.size(); ++i) same += first[i] == other[i];
  EXPECT_LE(same, 10u);
  // Scaled to one bound, no layer repeats another's numbers, nor a bias its weight's.
  const auto second = Part(architecture, a, TensorKind::kLinearWeight, 1);
  const auto bias = Part(architecture, a, TensorKind::kLinearBias, 1);
  same = 0;
  for (std::size_t i = 0; i < bias.size(); ++i) {
    same += std::abs(first[i] * std::sqrt(80.0) - second[i] * std::sqrt(120.0)) < 1e-6;
    same += std::abs(bias[i] - second[i]) < 1e-8;
  }
  EXPECT_LE(same, 2u);
  EXPECT_EQ(Initialise(architecture, 1), a);
}

TEST(ParameterLayout, TensorsLieInOrderApartAndAligned) {
  Options options;
  options.norm = Norm::kDyT;
  options.affine = true;
  options.width = 5;
  const Architecture architecture = {options, 2, 3};
  const ParameterLayout layout(architecture);
  std::vector<std::string> names;
  std::size_t end = 0, count = 0;
  for (const Tensor& tensor : layout.tensors()) {
    names.push_back(tensor.name);
    EXPECT_EQ(tensor.offset, end);
    EXPECT_EQ(tensor.offset % kLanes, 0u);
    end += tensor.padded_size();
    count += tensor.size();
    EXPECT_EQ(layout.Find(tensor.kind, tensor.layer), &tensor);
  }
  EXPECT_EQ(layout.size(), end);
  EXPECT_EQ(layout.count(), count);
  EXPECT_EQ(count, 5u * 2 + 5 + 1 + 10 + 5 * 5 + 5 + 1 + 10 + 3 * 5 + 3);
  EXPECT_EQ(names, (std::vector<std::string>{"linear0_weight", "linear0_bias", "norm0_alpha",
                                             "norm0_weight", "norm0_bias", "linear1_weight",
                                             "linear1_bias", "norm1_alpha", "norm1_weight",
                                             "norm1_bias", "linear2_weight", "linear2_bias"}));
  EXPECT_EQ(layout.Find(TensorKind::kNormWeight, 2), nullptr);
}

}  // namespace
}  // namespace crease::model
