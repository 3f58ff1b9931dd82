#include <dnnl.hpp>
#include <unordered_map>
#include <vector>

#include <omp.h>

#include "benchmarks/norm/norm_case.h"

namespace crease::benchmarks {
namespace {

class DnnlPeer : public NormPeer {
 public:
  explicit DnnlPeer(NormCase& norm)
      : engine_(dnnl::engine::kind::cpu, 0),
        stream_(engine_),
        mean_(norm.points),
        variance_(norm.points) {
    using dnnl::memory;
    omp_set_num_threads(norm.shape.threads);
    const auto rows = static_cast<memory::dim>(norm.points);
    const auto width = static_cast<memory::dim>(norm.shape.width);
    const memory::desc array({rows, width}, memory::data_type::f32, memory::format_tag::ab);
    const memory::desc row({rows}, memory::data_type::f32, memory::format_tag::a);
    const memory::desc entry({width}, memory::data_type::f32, memory::format_tag::a);
    const auto flags = dnnl::normalization_flags::use_scale | dnnl::normalization_flags::use_shift;
    const dnnl::layer_normalization_forward::primitive_desc forward(
        {dnnl::prop_kind::forward_training, array, kEps, flags}, engine_);
    const auto of = [&](const memory::desc& shape, float* data) {
      return memory(shape, engine_, data);
    };
    arguments_ = {{DNNL_ARG_SRC, of(array, norm.x.data())},
                  {DNNL_ARG_MEAN, of(row, mean_.data())},
                  {DNNL_ARG_VARIANCE, of(row, variance_.data())},
                  {DNNL_ARG_SCALE, of(entry, norm.weight.data())},
                  {DNNL_ARG_SHIFT, of(entry, norm.bias.data())}};
    // Backward wants the statistics alone; its d_x is free until then.
    float* y = norm.shape.backward ? norm.d_x.data() : norm.y.data();
    arguments_.insert_or_assign(DNNL_ARG_DST, of(array, y));
    primitive_ = dnnl::layer_normalization_forward(forward);
    if (!norm.shape.backward) return;
    Run();
    arguments_.erase(DNNL_ARG_DST);
    arguments_.insert({{DNNL_ARG_DIFF_DST, of(array, norm.d_y.data())},
                       {DNNL_ARG_DIFF_SRC, of(array, norm.d_x.data())},
                       {DNNL_ARG_DIFF_SCALE, of(entry, norm.d_weight.data())},
                       {DNNL_ARG_DIFF_SHIFT, of(entry, norm.d_bias.data())}});
    const dnnl::layer_normalization_backward::primitive_desc backward(
        {dnnl::prop_kind::backward, array, array, kEps, flags}, engine_, forward);
    primitive_ = dnnl::layer_normalization_backward(backward);
  }

  void Run() override {
    primitive_.execute(stream_, arguments_);
    stream_.wait();
  }

 private:
  dnnl::engine engine_;
  dnnl::stream stream_;
  std::vector<float> mean_, variance_;
  std::unordered_map<int, dnnl::memory> arguments_;
  dnnl::primitive primitive_;
};

}  // namespace

std::unique_ptr<NormPeer> MakeDnnl(NormCase& norm) { return std::make_unique<DnnlPeer>(norm); }

}  // namespace crease::benchmarks
