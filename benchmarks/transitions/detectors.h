// The detectors that the table compares.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "benchmarks/transitions/generator.h"
#include "lib/detect/transition.h"

namespace crease::benchmarks {

struct Detector {
  std::string name;  // as --detector takes it
  std::string what;
  std::function<std::vector<detect::Transition>(const LabelledCurve&)> find;
};

// Crease's own first, the ceiling ("oracle") last.
const std::vector<Detector>& Detectors();

}  // namespace crease::benchmarks
