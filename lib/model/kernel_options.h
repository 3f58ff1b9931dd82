// A network's options in the kernels' terms.
#pragma once

#include "lib/kernels/elementwise.h"
#include "lib/kernels/norm.h"
#include "lib/model/options.h"

namespace crease::model {

kernels::NormSpec NormSpecOf(const Options& options);
kernels::ActivationKind ActivationKindOf(Activation activation);

}  // namespace crease::model
