#include "lib/model/reference.h"

#include <cmath>

namespace crease::model {
namespace {

using Vector = Eigen::VectorXd;

double Activate(Activation activation, double z) {
  switch (activation) {
    case Activation::kNone:
      return z;
    case Activation::kRelu:
      return z > 0.0 ? z : 0.0;
    case Activation::kGelu:
      return 0.5 * z * std::erfc(-z / std::sqrt(2.0));
    case Activation::kElu:
      return z > 0.0 ? z : std::expm1(z);
    case Activation::kTanh:
      return std::tanh(z);
  }
  return z;
}

double ActivationSlope(Activation activation, double z) {
  switch (activation) {
    case Activation::kNone:
      return 1.0;
    case Activation::kRelu:
      return z > 0.0 ? 1.0 : 0.0;
    case Activation::kGelu:
      return 0.5 * std::erfc(-z / std::sqrt(2.0)) +
             z * std::exp(-0.5 * z * z) / std::sqrt(2.0 * M_PI);
    case Activation::kElu:
      return z > 0.0 ? 1.0 : std::exp(z);
    case Activation::kTanh:
      return 1.0 - std::tanh(z) * std::tanh(z);
  }
  return 1.0;
}

struct RootNorm {  // u = (z - mean) / s
  Vector u;
  double s = 1.0;
};

RootNorm Standardise(const Vector& z, bool centre, double divisor, double eps) {
  const Vector centred = centre ? Vector(z.array() - z.mean()) : z;
  const double s = std::sqrt(centred.squaredNorm() / divisor + eps);
  return {centred / s, s};
}

Vector StandardiseGradient(const Vector& z, const Vector& g, bool centre, double divisor,
                           double eps) {
  const RootNorm norm = Standardise(z, centre, divisor, eps);
  Vector d = g - norm.u * (norm.u.dot(g) / divisor);
  if (centre) d.array() -= g.mean();
  return d / norm.s;
}

double DivisiveDivisor(const Options& options, const Vector& z) {
  return std::pow(options.beta, options.exponent) + z.array().abs().pow(options.exponent).sum();
}

struct Parts {  // views of one layer's parameters and of their gradients
  Matrix weight;
  Vector bias, norm_weight, norm_bias;
  double alpha = 0.0;
};

Parts PartsOf(const Architecture& architecture, const ParameterLayout& layout,
              std::span<const double> parameters, std::size_t l) {
  const auto vector = [&](TensorKind kind, std::size_t size, double fallback) {
    const Tensor* tensor = layout.Find(kind, l);
    Vector v = Vector::Constant(static_cast<Eigen::Index>(size), fallback);
    if (tensor != nullptr) {
      for (std::size_t i = 0; i < size; ++i) {
        v[static_cast<Eigen::Index>(i)] = parameters[tensor->offset + i];
      }
    }
    return v;
  };
  const std::size_t outputs = architecture.fan_out(l), inputs = architecture.fan_in(l);
  const Vector flat = vector(TensorKind::kLinearWeight, outputs * inputs, 0.0);
  Parts parts;
  parts.weight = Eigen::Map<const Eigen::Matrix<double, -1, -1, Eigen::RowMajor>>(
      flat.data(), static_cast<Eigen::Index>(outputs), static_cast<Eigen::Index>(inputs));
  parts.bias = vector(TensorKind::kLinearBias, outputs, 0.0);
  parts.norm_weight = vector(TensorKind::kNormWeight, outputs, 1.0);
  parts.norm_bias = vector(TensorKind::kNormBias, outputs, 0.0);
  parts.alpha = vector(TensorKind::kNormAlpha, 1, 0.0)[0];
  return parts;
}

void StoreGradient(const ParameterLayout& layout, TensorKind kind, std::size_t l,
                   const Matrix& gradient, std::vector<double>& to) {
  const Tensor* tensor = layout.Find(kind, l);
  if (tensor == nullptr) return;
  std::size_t at = tensor->offset;
  for (Eigen::Index r = 0; r < gradient.rows(); ++r) {
    for (Eigen::Index c = 0; c < gradient.cols(); ++c) to[at++] = gradient(r, c);
  }
}

double CrossEntropy(const Matrix& logits, const std::vector<int>& labels, Matrix& d_logits) {
  double total = 0.0;
  const auto points = static_cast<double>(logits.cols());
  d_logits.resizeLike(logits);
  for (Eigen::Index p = 0; p < logits.cols(); ++p) {
    const double largest = logits.col(p).maxCoeff();
    const Vector power = (logits.col(p).array() - largest).exp();
    const auto label = static_cast<Eigen::Index>(labels[static_cast<std::size_t>(p)]);
    total += std::log(power.sum()) + largest - logits(label, p);
    d_logits.col(p) = power / power.sum() / points;
    d_logits(label, p) -= 1.0 / points;
  }
  return total / points;
}

double SquaredError(const Matrix& outputs, const ReferenceBatch& batch, Matrix& d_outputs) {
  const double count = static_cast<double>(outputs.cols()) * batch.supervised;
  d_outputs = Matrix::Zero(outputs.rows(), outputs.cols());
  const auto error = outputs.topRows(batch.supervised) - batch.targets.topRows(batch.supervised);
  d_outputs.topRows(batch.supervised) = error * (2.0 / count);
  return error.squaredNorm() / count;
}

}  // namespace

Vector ReferenceNorm(const Options& options, double alpha, const Vector& z) {
  const auto width = static_cast<double>(z.size());
  switch (options.norm) {
    case Norm::kUnit:
      return Standardise(z, false, 1.0, options.eps).u;
    case Norm::kRmsNorm:
      return Standardise(z, false, width, options.eps).u;
    case Norm::kLayerNorm:
      return Standardise(z, true, width, options.eps).u;
    case Norm::kGroupNorm: {
      const Eigen::Index size = z.size() / options.groups;
      Vector u(z.size());
      for (Eigen::Index at = 0; at < z.size(); at += size) {
        u.segment(at, size) =
            Standardise(z.segment(at, size), true, static_cast<double>(size), options.eps).u;
      }
      return u;
    }
    case Norm::kDivisive:
      return z.array() * z.array().abs().pow(options.exponent - 1.0) / DivisiveDivisor(options, z);
    case Norm::kDyT:
      return (alpha * z.array()).tanh();
    case Norm::kNone:
      return z;
  }
  return z;
}

Vector ReferenceNormGradient(const Options& options, double alpha, const Vector& z, const Vector& g,
                             double* d_alpha) {
  const auto width = static_cast<double>(z.size());
  switch (options.norm) {
    case Norm::kUnit:
      return StandardiseGradient(z, g, false, 1.0, options.eps);
    case Norm::kRmsNorm:
      return StandardiseGradient(z, g, false, width, options.eps);
    case Norm::kLayerNorm:
      return StandardiseGradient(z, g, true, width, options.eps);
    case Norm::kGroupNorm: {
      const Eigen::Index size = z.size() / options.groups;
      Vector d(z.size());
      for (Eigen::Index at = 0; at < z.size(); at += size) {
        d.segment(at, size) = StandardiseGradient(z.segment(at, size), g.segment(at, size), true,
                                                  static_cast<double>(size), options.eps);
      }
      return d;
    }
    case Norm::kDivisive: {
      const double along = ReferenceNorm(options, alpha, z).dot(g);
      return options.exponent / DivisiveDivisor(options, z) *
             z.array().abs().pow(options.exponent - 1.0) * (g.array() - z.array().sign() * along);
    }
    case Norm::kDyT: {
      const Eigen::ArrayXd slope = 1.0 - (alpha * z.array()).tanh().square();
      if (d_alpha != nullptr) *d_alpha = (g.array() * z.array() * slope).sum();
      return alpha * g.array() * slope;
    }
    case Norm::kNone:
      return g;
  }
  return g;
}

ReferenceResult ReferenceForwardBackward(const Architecture& architecture,
                                         std::span<const double> parameters,
                                         const ReferenceBatch& batch, ReferenceLoss loss) {
  const Options& options = architecture.options;
  const ParameterLayout layout(architecture);
  const std::size_t linears = architecture.linears();
  ReferenceResult result;
  result.gradients.assign(layout.size(), 0.0);
  std::vector<Parts> parts;
  std::vector<Matrix> inputs = {batch.x}, activated, normalised;
  for (std::size_t l = 0; l < linears; ++l) {
    parts.push_back(PartsOf(architecture, layout, parameters, l));
    result.linear_outputs.push_back((parts[l].weight * inputs[l]).colwise() + parts[l].bias);
    if (l + 1 == linears) break;
    activated.push_back(result.linear_outputs[l].unaryExpr(
        [&](double z) { return Activate(options.activation, z); }));
    Matrix u(activated[l].rows(), activated[l].cols());
    for (Eigen::Index p = 0; p < u.cols(); ++p) {
      u.col(p) = ReferenceNorm(options, parts[l].alpha, activated[l].col(p));
    }
    normalised.push_back(u);
    inputs.push_back((parts[l].norm_weight.asDiagonal() * u).colwise() + parts[l].norm_bias);
    result.norm_outputs.push_back(inputs.back());
  }
  result.outputs = result.linear_outputs.back();

  Matrix d;
  result.loss = loss == ReferenceLoss::kCrossEntropy ? CrossEntropy(result.outputs, batch.labels, d)
                                                     : SquaredError(result.outputs, batch, d);
  for (std::size_t l = linears; l-- > 0;) {
    StoreGradient(layout, TensorKind::kLinearWeight, l, d * inputs[l].transpose(),
                  result.gradients);
    StoreGradient(layout, TensorKind::kLinearBias, l, d.rowwise().sum(), result.gradients);
    if (l == 0) break;
    d = parts[l].weight.transpose() * d;
    const std::size_t n = l - 1;  // the norm below linear l
    StoreGradient(layout, TensorKind::kNormWeight, n,
                  (d.array() * normalised[n].array()).rowwise().sum().matrix(), result.gradients);
    StoreGradient(layout, TensorKind::kNormBias, n, d.rowwise().sum(), result.gradients);
    d = parts[n].norm_weight.asDiagonal() * d;
    double d_alpha = 0.0;
    for (Eigen::Index p = 0; p < d.cols(); ++p) {
      double point_alpha = 0.0;
      d.col(p) = ReferenceNormGradient(options, parts[n].alpha, activated[n].col(p),
                                       Vector(d.col(p)), &point_alpha);
      d_alpha += point_alpha;
    }
    StoreGradient(layout, TensorKind::kNormAlpha, n, Matrix::Constant(1, 1, d_alpha),
                  result.gradients);
    d.array() *= result.linear_outputs[n]
                     .unaryExpr([&](double z) { return ActivationSlope(options.activation, z); })
                     .array();
  }
  return result;
}

}  // namespace crease::model
