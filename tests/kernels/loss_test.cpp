#include "lib/kernels/loss.h"

#include <vector>

#include "lib/kernels/layout.h"
#include "tests/kernels/kernel_fixture.h"
#include "tests/kernels/scalar_twin.h"

namespace crease::kernels {
namespace {

class LossTest : public KernelTest {};
CREASE_TEST_ON_EVERY_TARGET(LossTest);

AlignedVector<std::int32_t> Labels(std::size_t points, std::size_t outputs) {
  const RandomStream random(3, Purpose::kLabels);
  AlignedVector<std::int32_t> labels(PadToLanes(points), -1);
  for (std::size_t p = 0; p < points; ++p) {
    labels[p] = static_cast<std::int32_t>(random.Below(p, outputs));
  }
  return labels;
}

void ExpectSame(const LossResult& kernel, const LossResult& expected) {
  EXPECT_TRUE(SameBits(kernel.loss, expected.loss)) << kernel.loss << " and " << expected.loss;
  EXPECT_EQ(kernel.correct, expected.correct);
}

void CompareCrossEntropy(std::size_t outputs, std::size_t points, const Buffer& logits) {
  const LossShape shape = {outputs, outputs, points};
  const auto labels = Labels(points, outputs);
  Buffer d(logits.size()), d_twin(logits.size());
  const LossResult expected =
      twin::CrossEntropy(shape, logits.data(), labels.data(), d_twin.data());
  ExpectSame(CrossEntropy(shape, logits.data(), labels.data(), d.data()), expected);
  ExpectSame(CrossEntropy(shape, logits.data(), labels.data(), nullptr), expected);
  ASSERT_TRUE(SameBits(d, d_twin)) << outputs << " classes, " << points << " points";
}

TEST_P(LossTest, CrossEntropyHasTheBitsOfItsTwin) {
  for (const std::size_t outputs : kWidths) {
    for (const std::size_t points : kPointCounts) {
      const std::size_t size = PadToLanes(points) * outputs;
      for (const double scale : {1e-3, 1.0, 30.0, 1e4}) {
        CompareCrossEntropy(outputs, points, Normals(size, 1, scale));
      }
      Buffer equal(size);
      for (std::size_t i = 0; i < size; ++i) equal[i] = 0.25f;
      CompareCrossEntropy(outputs, points, equal);
    }
  }
}

// One point with NaN makes the whole loss NaN, so that each set of specials is small.
TEST_P(LossTest, CrossEntropyHasTheBitsOfItsTwinOnSpecialValues) {
  for (const std::size_t outputs : {1, 2, 3, 10}) {
    for (std::uint32_t salt = 0; salt < 64; ++salt) {
      CompareCrossEntropy(outputs, 3, Specials(kLanes * outputs, salt));
    }
  }
}

TEST_P(LossTest, MeanSquaredErrorHasTheBitsOfItsTwin) {
  for (const std::size_t outputs : kWidths) {
    for (const std::size_t points : kPointCounts) {
      const std::size_t size = PadToLanes(points) * outputs;
      for (const bool special : {false, true}) {
        const Buffer z = special ? Specials(size, 1) : Normals(size, 1, 20.0);
        const Buffer t = Normals(size, 2, 20.0);
        const auto labels = Labels(points, outputs);
        for (const std::size_t supervised : {std::size_t{1}, outputs}) {
          const LossShape shape = {outputs, supervised, points};
          for (const std::int32_t* truth :
               {labels.data(), static_cast<const std::int32_t*>(nullptr)}) {
            Buffer d(size), d_twin(size);
            const LossResult expected =
                twin::MeanSquaredError(shape, z.data(), t.data(), truth, d_twin.data());
            ExpectSame(MeanSquaredError(shape, z.data(), t.data(), truth, d.data()), expected);
            ExpectSame(MeanSquaredError(shape, z.data(), t.data(), truth, nullptr), expected);
            ASSERT_TRUE(SameBits(d, d_twin)) << outputs << " outputs, " << points << " points";
          }
        }
      }
    }
  }
}

// A right answer by a wide margin costs e^-margin: not rounded to 0, nor is its gradient.
TEST_P(LossTest, SmallLossesKeepTheirRelativeAccuracy) {
  for (const float margin : {5.0f, 20.0f, 40.0f, 80.0f}) {
    Buffer logits(2 * kLanes), d(2 * kLanes);
    for (std::size_t i = 0; i < 2 * kLanes; ++i) logits[i] = i < kLanes ? margin : 0.0f;
    AlignedVector<std::int32_t> labels(kLanes, 0);
    const LossResult result = CrossEntropy({2, 2, kLanes}, logits.data(), labels.data(), d.data());
    const double expected = std::log1p(std::exp(-static_cast<double>(margin)));
    EXPECT_NEAR(result.loss / expected, 1.0, 5e-7) << "margin " << margin;
    const double share =
        std::exp(-static_cast<double>(margin)) / (1.0 + std::exp(-static_cast<double>(margin)));
    EXPECT_NEAR(static_cast<double>(d[0]) * -16.0 / share, 1.0, 5e-7) << "margin " << margin;
    EXPECT_NEAR(static_cast<double>(d[kLanes]) * 16.0 / share, 1.0, 5e-7) << "margin " << margin;
  }
}

TEST_P(LossTest, TheFirstOfEqualsCounts) {
  Buffer logits(3 * kLanes);
  for (std::size_t i = 0; i < logits.size(); ++i) logits[i] = 1.0f;
  AlignedVector<std::int32_t> labels(kLanes, -1);
  labels[0] = 0;
  labels[1] = 1;
  labels[2] = 2;
  EXPECT_EQ(CrossEntropy({3, 3, 3}, logits.data(), labels.data(), nullptr).correct, 1u);
}

}  // namespace
}  // namespace crease::kernels
