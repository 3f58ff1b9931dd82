#include "lib/core/error.h"

#include <cerrno>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace crease {
namespace {

using ::testing::HasSubstr;

TEST(Error, CarriesPlaceAndRemedy) {
  const Error error = InputError("a.toml:3:7", "no key \"widht\"", "did you mean width?");
  EXPECT_EQ(error.fault(), Fault::kInput);
  EXPECT_EQ(error.place(), "a.toml:3:7");
  EXPECT_EQ(error.problem(), "no key \"widht\"");
  EXPECT_EQ(error.remedy(), "did you mean width?");
  EXPECT_STREQ(error.what(), "a.toml:3:7: no key \"widht\"\n  remedy: did you mean width?");
}

TEST(Error, LeavesOutWhatIsNotKnown) {
  EXPECT_STREQ(DamagedError("", "bad").what(), "bad");
  EXPECT_EQ(DamagedError("", "bad").fault(), Fault::kDamaged);
  EXPECT_EQ(SystemError("", "bad").fault(), Fault::kSystem);
}

TEST(Error, NamesTheSystemsReasonAndAFittingRemedy) {
  const Error full = SystemErrorFromErrno("/mnt/x", "cannot write", ENOSPC);
  EXPECT_EQ(full.fault(), Fault::kSystem);
  EXPECT_THAT(full.what(), HasSubstr("/mnt/x: cannot write: No space left on device"));
  EXPECT_THAT(full.remedy(), HasSubstr("free some space"));
  EXPECT_THAT(SystemErrorFromErrno("x", "y", EACCES).remedy(), HasSubstr("permissions"));
  EXPECT_THAT(SystemErrorFromErrno("x", "y", EMFILE).remedy(), HasSubstr("ulimit -n"));
}

}  // namespace
}  // namespace crease
