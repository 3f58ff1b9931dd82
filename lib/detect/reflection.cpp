#include "lib/detect/reflection.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>

namespace crease::detect {

Reflection ReflectionOf(std::span<const float> values) {
  std::vector<float> finite;
  finite.reserve(values.size());
  std::copy_if(values.begin(), values.end(), std::back_inserter(finite),
               [](float value) { return std::isfinite(value); });
  if (finite.empty()) return {};
  const auto quantile = [&](double share) {
    const auto rank =
        static_cast<std::ptrdiff_t>(std::lround(share * static_cast<double>(finite.size() - 1)));
    std::nth_element(finite.begin(), finite.begin() + rank, finite.end());
    return static_cast<double>(finite[static_cast<std::size_t>(rank)]);
  };
  const double top = quantile(0.999), bottom = quantile(0.001);
  // A constant curve has no range; any line above it will do.
  const double range = top > bottom ? top - bottom : std::abs(top) + 1e-30;
  return {top + 0.1 * range, -1};
}

void ReflectBack(std::vector<Transition>& transitions, const Reflection& reflection) {
  for (Transition& t : transitions) {
    for (double* loss : {&t.loss_before, &t.loss_after, &t.plateau_loss}) {
      *loss = (*loss - reflection.line) / reflection.sign;
    }
  }
}

}  // namespace crease::detect
