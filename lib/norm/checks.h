// Whether options and spans are what norm.h asks for. Not for users.
#pragma once

#include "lib/norm/norm.h"

namespace crease::norm {

// Each throws Error (kInput) at the first fault.
void CheckOptions(const Options& options);

template <typename T>
void CheckForward(const Options& options, std::span<const T> x, std::span<T> y,
                  const Parameters<T>& parameters, const Statistics<T>& statistics);

template <typename T>
void CheckBackward(const Options& options, std::span<const T> x, std::span<const T> d_y,
                   std::span<T> d_x, const Parameters<T>& parameters,
                   const Statistics<const T>& statistics, const ParameterGradients<T>& gradients);

}  // namespace crease::norm
