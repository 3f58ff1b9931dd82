// A probe measures something at given steps. The trainer knows probes, none by name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "lib/core/state.h"
#include "lib/train/run_record.h"

namespace crease::train {

// Step `step`: the loss and what led to it, before update step + 1.
struct StepView {
  std::int64_t step = 0;
  double loss = 0.0, accuracy = 0.0;
  std::span<const float> parameters;              // model::ParameterLayout
  std::span<const float> gradients;               // same layout
  std::span<const float> grad_norm, weight_norm;  // (linears), Euclidean, weight and bias together
  std::span<const float> first_moment, second_moment;  // optim::Updater; empty if it has none such
};

class Probe {
 public:
  virtual ~Probe() = default;
  virtual void BeforeUpdate(const StepView&) {}
  // update_norm (linears): of the parameters' change by the update after step `step`.
  virtual void AfterUpdate(std::int64_t /*step*/, std::span<const float> /*update_norm*/) {}
  // After the last update; `parameters` are the final ones. Not called for diverged runs.
  virtual void AtEnd(std::span<const float> /*parameters*/) {}
  // Moves what was measured into the record. Rows that were never reached are NaN.
  virtual void Report(RunRecord& record) = 0;

  // What was measured since the last call, between two steps; and, in the same order, takes it into
  // a probe that has measured nothing after that. The probes of one RunConfig and one
  // RecordOptions are alike.
  virtual void Save(StateWriter& state) = 0;
  virtual void Restore(StateReader& state) = 0;
};

// Walks through increasing steps. Due(step) must be asked with increasing steps.
class StepCursor {
 public:
  explicit StepCursor(std::vector<std::int64_t> steps) : steps_(std::move(steps)) {}
  bool Due(std::int64_t step) const { return next_ < steps_.size() && steps_[next_] == step; }
  std::size_t Take() { return next_++; }  // the row of the step that is due
  const std::vector<std::int64_t>& steps() const { return steps_; }
  std::size_t taken() const { return next_; }
  void SkipTo(std::size_t row) { next_ = row; }

 private:
  std::vector<std::int64_t> steps_;
  std::size_t next_ = 0;
};

}  // namespace crease::train
