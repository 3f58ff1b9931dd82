// The golden signature of the tiny runs, on every instruction set.
#include <string>

#include <gtest/gtest.h>

#include "lib/core/hash.h"
#include "lib/core/numerics_version.h"
#include "lib/kernels/target.h"
#include "tests/train/golden_runs.h"
#include "tests/train/tiny_runs.h"

namespace crease::train {
namespace {

class Golden : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { kernels::ForceTarget(GetParam()); }
  void TearDown() override { kernels::ForceTarget(""); }
};

TEST_P(Golden, SignatureIsUnchanged) {
  std::string digests;
  for (const auto& [name, config] : GoldenRuns()) {
    const RunRecord record = TrainTiny(config);
    digests += DigestLine(name, record);
  }
  const std::string signature = HexDigestOf(digests);
  if (signature == kTinySignature) return;
  ADD_FAILURE()
      << "The golden signature on " << GetParam() << " is " << signature << ", expected "
      << kTinySignature << ".\nThe runs:\n"
      << digests
      << "If the other targets give the same new signature and the change of bits is "
         "meant:\n"
         "  1. raise kNumericsVersion in lib/core/numerics_version.h, unless it was "
         "raised since the last release;\n"
         "  2. put it into kSignatureVersion, and what tests/portability/crease_signature "
         "prints into kTinySignature and kSmokeSignature, in "
         "tests/train/golden_runs.h;\n"
         "  3. say in the commit what changed the bits.\n"
         "If it is not meant, or differs between targets, it is a bug.";
}

TEST(GoldenVersion, BelongsToTheNumericsVersion) {
  EXPECT_EQ(kSignatureVersion, kNumericsVersion)
      << "the version was raised: give tests/train/golden_runs.h its new signatures";
}

TEST(GoldenRuns, ContainARunThatDiverges) {
  const NamedRuns runs = GoldenRuns();
  const RunRecord record = TrainTiny(runs.back().second);
  EXPECT_EQ(record.outcome, Outcome::kDiverged);
  EXPECT_GT(record.steps_done, 0);
}

INSTANTIATE_TEST_SUITE_P(Targets, Golden, testing::ValuesIn(kernels::SupportedTargets()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace crease::train
