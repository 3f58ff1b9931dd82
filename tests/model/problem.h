// A network, parameters, a batch and a loss, for the double reference and for the float engine.
#pragma once

#include <cstdint>
#include <vector>

#include "lib/model/parameters.h"
#include "lib/model/reference.h"

namespace crease::model {

struct Problem {
  Architecture architecture;
  std::vector<double> parameters;  // in the layout's order, each exactly a float; padding 0
  ReferenceBatch batch;            // x and targets exactly floats
  ReferenceLoss loss = ReferenceLoss::kCrossEntropy;
};

// Random parameters of standard deviation `scale`, points N(0, 1), labels and targets. dyt's alpha
// is near options.alpha.
Problem MakeProblem(const Architecture& architecture, int points, ReferenceLoss loss,
                    std::uint64_t seed, double scale = 0.7);

ReferenceResult RunReference(const Problem& problem);

// What the float engine gives for the same problem, in the reference's shapes.
ReferenceResult RunEngine(const Problem& problem);

// The part of `gradients` or parameters that belongs to one tensor.
std::vector<double> PartOf(const Tensor& tensor, const std::vector<double>& buffer);

double NormOf(const std::vector<double>& values);
double Distance(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace crease::model
