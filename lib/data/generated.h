// In: options with defaults filled in and ranges checked. Out: the data sets that a formula and a
// seed define. All arithmetic is in double; the conversion to float comes last.
#pragma once

#include "lib/data/dataset.h"

namespace crease::data {

// Two arms: point i of n has class i mod 2 and lies at s = (i/2 + 1/2) / (n/2) along its arm.
Dataset MakeSpiral(const Options& options);

// Uniform on the sphere; class 1 where x y z > 0.
Dataset MakeOctants(const Options& options);

// Equally spaced on the circle, half a step off the first edge; alternating sectors.
Dataset MakeSectors(const Options& options);

// Gaussian points, uniformly random classes.
Dataset MakeRandomLabels(const Options& options);

// `count` uniformly random classes below `classes`.
std::vector<std::int32_t> RandomLabels(std::size_t count, std::int64_t classes,
                                       std::int64_t data_seed);

// Fresh points every step; `train` is a fixed sample of options.points of them.
Dataset MakeToyRegression(const Options& options);

}  // namespace crease::data
