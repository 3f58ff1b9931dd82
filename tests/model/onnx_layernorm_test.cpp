// ONNX's own node tests of LayerNormalization (Debian's libonnx-testdata), for the double
// reference and for the float kernels.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "lib/kernels/layout.h"
#include "lib/kernels/norm.h"
#include "lib/model/reference.h"
#include "tests/model/onnx_file.h"

namespace crease::model {
namespace {

constexpr char kNodeTests[] = "/usr/share/libonnx-testdata/data/node";
constexpr double kTolerance = 1e-6;  // the vectors themselves are floats of size 1 to 4

struct Case {
  std::string name;
  std::size_t rows = 0, width = 0;
  float eps = 0.0f;
  std::vector<float> x, scale, bias, y, inverse_deviation;
};

Case Load(const std::filesystem::path& folder) {
  const auto read = [&](const char* name) {
    return onnx::ParseTensor(onnx::ReadFile(folder / "test_data_set_0" / name));
  };
  const onnx::Node node = onnx::ParseOnlyNode(onnx::ReadFile(folder / "model.onnx"));
  EXPECT_EQ(node.op_type, "LayerNormalization");
  const onnx::FloatTensor x = read("input_0.pb");
  Case c = {folder.filename(),
            1,
            1,
            1e-5f,
            x.values,
            read("input_1.pb").values,
            read("input_2.pb").values,
            read("output_0.pb").values,
            read("output_2.pb").values};
  if (node.floats.contains("epsilon")) c.eps = node.floats.at("epsilon");
  std::int64_t axis = node.integers.contains("axis") ? node.integers.at("axis") : -1;
  if (axis < 0) axis += static_cast<std::int64_t>(x.dims.size());
  for (std::size_t d = 0; d < x.dims.size(); ++d) {
    (d < static_cast<std::size_t>(axis) ? c.rows : c.width) *= static_cast<std::size_t>(x.dims[d]);
  }
  EXPECT_EQ(c.scale.size(), c.width);
  EXPECT_EQ(c.y.size(), c.rows * c.width);
  return c;
}

std::vector<Case> AllCases() {
  std::vector<Case> cases;
  for (const auto& entry : std::filesystem::directory_iterator(kNodeTests)) {
    const std::string name = entry.path().filename();
    if (name.starts_with("test_layer_normalization") && !name.ends_with("_expanded")) {
      cases.push_back(Load(entry.path()));
    }
  }
  return cases;
}

double ReferenceError(const Case& c) {
  Options options;
  options.norm = Norm::kLayerNorm;
  options.width = static_cast<std::int64_t>(c.width);
  options.eps = static_cast<double>(c.eps);
  double worst = 0.0;
  for (std::size_t row = 0; row < c.rows; ++row) {
    Eigen::VectorXd z(static_cast<Eigen::Index>(c.width));
    for (std::size_t i = 0; i < c.width; ++i) {
      z[static_cast<Eigen::Index>(i)] = static_cast<double>(c.x[row * c.width + i]);
    }
    const Eigen::VectorXd u = ReferenceNorm(options, 0.0, z);
    for (std::size_t i = 0; i < c.width; ++i) {
      const double y = static_cast<double>(c.scale[i]) * u[static_cast<Eigen::Index>(i)] +
                       static_cast<double>(c.bias[i]);
      worst = std::max(worst, std::abs(y - static_cast<double>(c.y[row * c.width + i])));
    }
  }
  return worst;
}

struct KernelErrors {
  double y = 0.0, inverse_deviation = 0.0;  // absolute; relative
};

KernelErrors KernelErrorsOf(const Case& c) {
  const std::size_t groups = kernels::GroupsOf(c.rows), size = groups * c.width * kLanes;
  const kernels::NormSpec spec = {
      .kind = kernels::NormKind::kLayerNorm, .width = c.width, .eps = c.eps};
  AlignedVector<float> x(size), u(size), y(size), statistics(groups * kLanes);
  for (std::size_t row = 0; row < c.rows; ++row) {
    for (std::size_t i = 0; i < c.width; ++i) {
      x[kernels::OffsetOf(row, i, c.width)] = c.x[row * c.width + i];
    }
  }
  kernels::NormForward(spec, groups, x.data(), 0.0f, u.data(), statistics.data());
  kernels::AffineForward(c.width, groups, u.data(), c.scale.data(), c.bias.data(), y.data());
  KernelErrors worst;
  for (std::size_t row = 0; row < c.rows; ++row) {
    const auto inverse = static_cast<double>(c.inverse_deviation[row]);
    worst.inverse_deviation = std::max(
        worst.inverse_deviation, std::abs(static_cast<double>(statistics[row]) / inverse - 1.0));
    for (std::size_t i = 0; i < c.width; ++i) {
      const double error = static_cast<double>(y[kernels::OffsetOf(row, i, c.width)]) -
                           static_cast<double>(c.y[row * c.width + i]);
      worst.y = std::max(worst.y, std::abs(error));
    }
  }
  return worst;
}

TEST(OnnxLayerNorm, AllNodeTestsAreMatched) {
  if (!std::filesystem::exists(kNodeTests)) {
    GTEST_FAIL() << kNodeTests << " is missing: apt-get install libonnx-testdata";
  }
  const std::vector<Case> cases = AllCases();
  EXPECT_EQ(cases.size(), 19u);
  double reference = 0.0, kernel = 0.0;
  for (const Case& c : cases) {
    const KernelErrors errors = KernelErrorsOf(c);
    EXPECT_LE(ReferenceError(c), kTolerance) << c.name;
    EXPECT_LE(errors.y, kTolerance) << c.name;
    EXPECT_LE(errors.inverse_deviation, kTolerance) << c.name;
    reference = std::max(reference, ReferenceError(c));
    kernel = std::max(kernel, errors.y);
  }
  std::printf("worst of %zu cases: reference %.3g, kernels %.3g\n", cases.size(), reference,
              kernel);
}

// A reader that trusts lengths would read beyond the file here, or loop.
TEST(OnnxFile, CutAndWrongFilesAreErrors) {
  const std::string folder = std::string(kNodeTests) + "/test_layer_normalization_2d_axis1";
  const std::string tensor = onnx::ReadFile(folder + "/test_data_set_0/input_0.pb");
  const std::string model = onnx::ReadFile(folder + "/model.onnx");
  for (std::size_t size = 0; size < tensor.size(); ++size) {
    EXPECT_THROW(onnx::ParseTensor(std::string_view(tensor).substr(0, size)), std::runtime_error)
        << size << " of " << tensor.size() << " bytes";
  }
  EXPECT_THROW(onnx::ParseOnlyNode(std::string_view(model).substr(0, model.size() / 2)),
               std::runtime_error);
  EXPECT_THROW(onnx::ParseTensor("\x4a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
               std::runtime_error);
  EXPECT_THROW(onnx::ReadFile("/nonexistent"), std::runtime_error);
}

}  // namespace
}  // namespace crease::model
