#include <span>
#include <vector>

#include "benchmarks/norm/norm_case.h"
#include "lib/norm/norm.h"

namespace crease::benchmarks {
namespace {

class CreasePeer : public NormPeer {
 public:
  explicit CreasePeer(NormCase& norm)
      : case_(norm),
        norm_(OptionsOf(norm.shape)),
        mean_(norm.points),
        mean_rest_(norm.points),
        inverse_(norm.points) {
    if (!norm.shape.backward) return;
    std::vector<float> unused(norm.size());
    norm_.Forward(X(), unused, {norm.weight, norm.bias}, {mean_, mean_rest_, inverse_});
  }

  void Run() override {
    if (case_.shape.backward) {
      norm_.Backward(X(), {case_.d_y.data(), case_.size()}, {case_.d_x.data(), case_.size()},
                     {case_.weight, case_.bias}, {mean_, mean_rest_, inverse_},
                     {case_.d_weight, case_.d_bias});
    } else {
      norm_.Forward(X(), {case_.y.data(), case_.size()}, {case_.weight, case_.bias},
                    {mean_, mean_rest_, inverse_});
    }
  }

 private:
  static norm::Options OptionsOf(const NormShape& shape) {
    norm::Options options;
    options.width = shape.width;
    options.eps = static_cast<double>(kEps);
    options.layout = shape.feature_major ? norm::Layout::kFeatureMajor : norm::Layout::kRowMajor;
    options.threads = shape.threads;
    return options;
  }
  std::span<const float> X() const { return {case_.x.data(), case_.size()}; }

  NormCase& case_;
  norm::Norm<float> norm_;
  std::vector<float> mean_, mean_rest_, inverse_;
};

}  // namespace

std::unique_ptr<NormPeer> MakeCrease(NormCase& norm) { return std::make_unique<CreasePeer>(norm); }

}  // namespace crease::benchmarks
