#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <algorithm>
#include <array>
#include <climits>
#include <malloc.h>
#include <tuple>

#include "benchmarks/norm/norm_case.h"

namespace crease::benchmarks {
namespace {

// ATen's operators, without autograd and Python. They allocate their results: so that the pages
// come from what the last call freed and not from the system, memory is never given back.
class TorchPeer : public NormPeer {
 public:
  explicit TorchPeer(NormCase& norm)
      : case_(norm), shape_{static_cast<std::int64_t>(norm.shape.width)} {
    mallopt(M_MMAP_MAX, 0);
    mallopt(M_TRIM_THRESHOLD, INT_MAX);
    at::set_num_threads(norm.shape.threads);
    x_ = View(norm.x.data());
    weight_ = at::from_blob(norm.weight.data(), shape_);
    bias_ = at::from_blob(norm.bias.data(), shape_);
    if (!norm.shape.backward) return;
    d_y_ = View(norm.d_y.data());
    std::tie(std::ignore, mean_, inverse_) =
        at::native_layer_norm(x_, shape_, weight_, bias_, kEps);
  }

  void Run() override {
    const at::NoGradGuard no_gradients;
    result_ = {};
    result_ = case_.shape.backward
                  ? at::native_layer_norm_backward(d_y_, x_, shape_, mean_, inverse_, weight_,
                                                   bias_, {true, true, true})
                  : at::native_layer_norm(x_, shape_, weight_, bias_, kEps);
  }

  void Publish() override {
    const auto copy = [](const at::Tensor& from, float* to) {
      std::copy_n(from.data_ptr<float>(), from.numel(), to);
    };
    copy(std::get<0>(result_), case_.shape.backward ? case_.d_x.data() : case_.y.data());
    if (!case_.shape.backward) return;
    copy(std::get<1>(result_), case_.d_weight.data());
    copy(std::get<2>(result_), case_.d_bias.data());
  }

 private:
  at::Tensor View(float* data) const {
    return at::from_blob(data, {static_cast<std::int64_t>(case_.points), shape_[0]});
  }

  NormCase& case_;
  std::array<std::int64_t, 1> shape_;
  at::Tensor x_, d_y_, weight_, bias_, mean_, inverse_;
  std::tuple<at::Tensor, at::Tensor, at::Tensor> result_;
};

}  // namespace

std::unique_ptr<NormPeer> MakeTorch(NormCase& norm) { return std::make_unique<TorchPeer>(norm); }

}  // namespace crease::benchmarks
