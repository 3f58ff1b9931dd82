#include "lib/train/state_recorder.h"

#include <algorithm>
#include <utility>

#include "lib/train/row_recorder.h"

namespace crease::train {
namespace {

std::size_t Moments(const optim::Options& options) {
  switch (options.optimizer) {
    case optim::Optimizer::kSgd:
      return 0;
    case optim::Optimizer::kMomentum:
      return 1;
    case optim::Optimizer::kAdam:
    case optim::Optimizer::kAdamW:
      return 2;
  }
  return 0;
}

class StateRecorder : public RowRecorder {
 public:
  StateRecorder(const optim::Options& options, const model::ParameterLayout& layout,
                std::vector<std::int64_t> steps)
      : RowRecorder(std::move(steps)), size_(layout.size()) {
    Add("parameters", "weights and biases, tensor after tensor, each padded to 16");
    if (Moments(options) > 0) Add("first_moment", "the optimizer's buffer, as parameters");
    if (Moments(options) > 1) Add("second_moment", "the optimizer's buffer, as parameters");
  }

  void BeforeUpdate(const StepView& view) override {
    if (!cursor_.Due(view.step)) return;
    const std::size_t row = cursor_.Take();
    for (std::size_t k = 0; k < arrays_.size(); ++k) {
      const std::span<const float> from =
          k == 0 ? view.parameters : (k == 1 ? view.first_moment : view.second_moment);
      std::copy(from.begin(), from.end(),
                arrays_[k].values.begin() + static_cast<std::ptrdiff_t>(row * size_));
    }
  }

  void Report(RunRecord& record) override { ReportRows("checkpoints", "updates done", record); }

 private:
  void Add(const char* name, const char* description) {
    arrays_.push_back(MakeArray("checkpoints", name, description, "1", {"step", "parameter"},
                                {cursor_.steps().size(), size_}));
  }

  std::size_t size_;
};

}  // namespace

std::unique_ptr<Probe> MakeStateRecorder(const optim::Options& options,
                                         const model::ParameterLayout& layout,
                                         std::vector<std::int64_t> steps) {
  return std::make_unique<StateRecorder>(options, layout, std::move(steps));
}

std::size_t StateSize(const optim::Options& options, const model::ParameterLayout& layout) {
  return layout.size() * (1 + Moments(options));
}

}  // namespace crease::train
