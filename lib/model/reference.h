// The double-precision model that defines what is right: written for reading, one matrix at a
// time, sharing no code with the float engine. Tests compare the two; analysis uses it where
// speed does not matter.
#pragma once

#include <span>
#include <string>
#include <vector>

#include <Eigen/Dense>

#include "lib/model/parameters.h"

namespace crease::model {

using Matrix = Eigen::MatrixXd;

enum class ReferenceLoss { kCrossEntropy, kMeanSquaredError };

struct ReferenceBatch {
  Matrix x;                 // (inputs, points)
  std::vector<int> labels;  // (points); cross-entropy
  Matrix targets;           // (outputs, points); mean squared error
  int supervised = 0;       // mean squared error: the first so many outputs count
};

struct ReferenceResult {
  double loss = 0.0;
  Matrix outputs;                      // (outputs, points)
  std::vector<Matrix> linear_outputs;  // before activation and norm, (fan_out, points)
  std::vector<Matrix> norm_outputs;    // (width, points)
  std::vector<double> gradients;       // as the parameters, in the layout's order
};

// `parameters` in the layout's order (padding ignored).
ReferenceResult ReferenceForwardBackward(const Architecture& architecture,
                                         std::span<const double> parameters,
                                         const ReferenceBatch& batch, ReferenceLoss loss);

// The norm alone on one vector, and the gradient of <g, norm(z)> with respect to z and alpha.
Eigen::VectorXd ReferenceNorm(const Options& options, double alpha, const Eigen::VectorXd& z);
Eigen::VectorXd ReferenceNormGradient(const Options& options, double alpha,
                                      const Eigen::VectorXd& z, const Eigen::VectorXd& g,
                                      double* d_alpha);

}  // namespace crease::model
