// The same training step in libtorch's C++ interface, as its users write it: the peer of
// EngineStep. Built only where libtorch is installed.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lib/data/dataset.h"
#include "lib/model/parameters.h"
#include "lib/train/run_config.h"

namespace crease::benchmarks {

class TorchStep {
 public:
  // Linear -> LayerNorm -> ... -> Linear with the given parameters (of `layout`), on one thread.
  // Requires: a layernorm network, classes.
  TorchStep(const train::RunConfig& config, const data::Dataset& dataset,
            const model::ParameterLayout& layout, std::span<const float> parameters);
  ~TorchStep();

  double ForwardBackward();  // mean loss of the whole training split
  void Update();
  // In the order of the layout.
  std::vector<float> Gradients() const;

  static std::string Version();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace crease::benchmarks
