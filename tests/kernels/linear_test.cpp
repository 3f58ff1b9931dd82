#include "lib/kernels/linear.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "lib/kernels/layout.h"
#include "tests/kernels/kernel_fixture.h"
#include "tests/kernels/scalar_twin.h"

namespace crease::kernels {
namespace {

class LinearTest : public KernelTest {};
CREASE_TEST_ON_EVERY_TARGET(LinearTest);

std::string Describe(const LinearShape& shape) {
  return std::to_string(shape.inputs) + " -> " + std::to_string(shape.outputs) + ", " +
         std::to_string(shape.groups) + " groups";
}

struct Operands {
  Buffer weight, bias, x, d_z;
};

Operands Make(const LinearShape& shape, bool special) {
  const auto fill = [special](std::size_t size, std::uint32_t salt) {
    return special ? Specials(size, salt) : Normals(size, salt);
  };
  return {fill(shape.outputs * shape.inputs, 1), fill(shape.outputs, 2),
          fill(shape.groups * shape.inputs * kLanes, 3),
          fill(shape.groups * shape.outputs * kLanes, 4)};
}

void CompareForward(const LinearShape& shape, const Operands& with) {
  for (const float* bias : {with.bias.data(), static_cast<const float*>(nullptr)}) {
    Buffer z(with.d_z.size()), expected(with.d_z.size());
    LinearForward(shape, with.weight.data(), bias, with.x.data(), z.data());
    twin::LinearForward(shape, with.weight.data(), bias, with.x.data(), expected.data());
    ASSERT_TRUE(SameBits(z, expected)) << "forward " << Describe(shape);
  }
}

// All groups in one part.
void BackwardWeights(const LinearShape& shape, const Operands& with, bool add, float* d_weight,
                     float* d_bias, float* scratch) {
  LinearWeightsBegin(shape, scratch);
  LinearWeightsAdd(shape, 0, shape.groups, with.d_z.data(), with.x.data(), scratch);
  LinearWeightsEnd(shape, add, d_weight, d_bias, scratch);
}

void CompareBackward(const LinearShape& shape, const Operands& with) {
  Buffer d_x(with.x.size()), expected_x(with.x.size());
  LinearBackwardInput(shape, with.weight.data(), with.d_z.data(), d_x.data());
  twin::LinearBackwardInput(shape, with.weight.data(), with.d_z.data(), expected_x.data());
  ASSERT_TRUE(SameBits(d_x, expected_x)) << "input " << Describe(shape);
  Buffer scratch(LinearWeightsScratch(shape));
  std::fill_n(scratch.data(), scratch.size(), std::nanf(""));
  for (const auto& [bias, add] : {std::pair{true, false}, {false, false}, {true, true}}) {
    Buffer d_w = Normals(with.weight.size(), 5), expected_w = d_w;
    Buffer d_b = Normals(with.bias.size(), 6), expected_b = d_b;
    BackwardWeights(shape, with, add, d_w.data(), bias ? d_b.data() : nullptr, scratch.data());
    twin::LinearBackwardWeights(shape, with.d_z.data(), with.x.data(), add, expected_w.data(),
                                bias ? expected_b.data() : nullptr);
    ASSERT_TRUE(SameBits(d_w, expected_w)) << "weight " << Describe(shape);
    ASSERT_TRUE(SameBits(d_b, expected_b)) << "bias " << Describe(shape);
  }
}

void CompareParts(const LinearShape& shape, const Operands& with) {
  Buffer scratch(LinearWeightsScratch(shape)), d_w(with.weight.size()), d_b(with.bias.size()),
      expected_w = d_w, expected_b = d_b;
  std::fill_n(scratch.data(), scratch.size(), std::nanf(""));
  BackwardWeights(shape, with, false, expected_w.data(), expected_b.data(), scratch.data());
  std::fill_n(scratch.data(), scratch.size(), std::nanf(""));
  LinearWeightsBegin(shape, scratch.data());
  for (std::size_t first = 0, count = 1; first < shape.groups; first += count, ++count) {
    LinearWeightsAdd(shape, first, std::min(count, shape.groups - first),
                     with.d_z.data() + first * shape.outputs * kLanes,
                     with.x.data() + first * shape.inputs * kLanes, scratch.data());
  }
  LinearWeightsEnd(shape, false, d_w.data(), d_b.data(), scratch.data());
  ASSERT_TRUE(SameBits(d_w, expected_w)) << "weight " << Describe(shape);
  ASSERT_TRUE(SameBits(d_b, expected_b)) << "bias " << Describe(shape);
}

TEST_P(LinearTest, SumsWeightsInPartsToTheSameBits) {
  for (const std::size_t inputs : kWidths) {
    for (const std::size_t outputs : kWidths) {
      const LinearShape shape = {inputs, outputs, 7};
      ASSERT_NO_FATAL_FAILURE(CompareParts(shape, Make(shape, false)));
    }
  }
}

TEST_P(LinearTest, HasTheBitsOfItsTwin) {
  for (const std::size_t inputs : kWidths) {
    for (const std::size_t outputs : kWidths) {
      for (const std::size_t points : kPointCounts) {
        if (points == 400 && inputs * outputs > 600) continue;  // nothing new, and slow
        const LinearShape shape = {inputs, outputs, GroupsOf(points)};
        const Operands operands = Make(shape, false);
        ASSERT_NO_FATAL_FAILURE(CompareForward(shape, operands));
        ASSERT_NO_FATAL_FAILURE(CompareBackward(shape, operands));
      }
    }
  }
}

TEST_P(LinearTest, HasTheBitsOfItsTwinOnSpecialValues) {
  for (const std::size_t inputs : kWidths) {
    for (const std::size_t outputs : {1, 3, 9}) {
      const LinearShape shape = {inputs, outputs, 3};
      const Operands operands = Make(shape, true);
      ASSERT_NO_FATAL_FAILURE(CompareForward(shape, operands));
      ASSERT_NO_FATAL_FAILURE(CompareBackward(shape, operands));
    }
  }
}

}  // namespace
}  // namespace crease::kernels
