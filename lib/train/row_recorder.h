// A probe that fills a row of each of its arrays at given steps.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "lib/train/probe.h"
#include "lib/train/recorded_array.h"

namespace crease::train {

class RowRecorder : public Probe {
 public:
  void Save(StateWriter& state) override {
    saved_.Save(state, PointersTo(std::as_const(arrays_)), cursor_.taken());
  }
  void Restore(StateReader& state) override {
    cursor_.SkipTo(saved_.Restore(state, PointersTo(arrays_)));
  }

 protected:
  explicit RowRecorder(std::vector<std::int64_t> steps) : cursor_(std::move(steps)) {}

  // The steps as the axis of `group`, and the arrays.
  void ReportRows(const char* group, const char* description, RunRecord& record) {
    record.axes.push_back({group, "step", description, cursor_.steps()});
    for (RecordedArray& array : arrays_) record.arrays.push_back(std::move(array));
  }

  StepCursor cursor_;
  std::vector<RecordedArray> arrays_;  // (step, ...)

 private:
  SavedRows saved_;
};

}  // namespace crease::train
