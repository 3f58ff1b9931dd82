#include "analysis/curve/curve.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/core/error.h"

namespace crease::curve {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class CurveTest : public testing::Test {
 protected:
  CurveTest() : path_(testing::TempDir() + "crease_curve_test.csv") {}
  ~CurveTest() override { std::filesystem::remove(path_); }

  Curve Read(const std::string& text, const CsvOptions& options = {}) {
    std::ofstream(path_, std::ios::binary) << text;
    return ReadCsv(path_, options);
  }

  std::string Complaint(const std::string& text, const CsvOptions& options = {}) {
    try {
      Read(text, options);
    } catch (const Error& error) {
      EXPECT_EQ(error.fault(), Fault::kInput);
      EXPECT_FALSE(error.remedy().empty());
      return error.place().substr(path_.size()) + " " + error.problem() + "; " + error.remedy();
    }
    return "no complaint";
  }

  std::string path_;
};

TEST_F(CurveTest, ReadsStepsAndLossByName) {
  const Curve curve = Read("wall,Step,accuracy,loss\n1,0,0.5,2.5\n2,10,0.6,1.25\n");
  EXPECT_THAT(curve.steps, ElementsAre(0, 10));
  EXPECT_THAT(curve.values, ElementsAre(2.5f, 1.25f));
  EXPECT_EQ(curve.column, "loss");
  EXPECT_EQ(curve.step_column, "Step");
}

TEST_F(CurveTest, HeaderAndStepsAreOptional) {
  EXPECT_THAT(Read("3\n2\n1\n").steps, ElementsAre(0, 1, 2));
  EXPECT_THAT(Read("3\n2\n1\n").values, ElementsAre(3.f, 2.f, 1.f));
  EXPECT_THAT(Read("5,3\n7,2\n").steps, ElementsAre(5, 7));
  EXPECT_THAT(Read("5,3\n7,2\n").values, ElementsAre(3.f, 2.f));
  EXPECT_THAT(Read("y\n5\n7").values, ElementsAre(5.f, 7.f));
}

TEST_F(CurveTest, TakesTheOnlyOrTheSecondColumnOfNumbers) {
  EXPECT_EQ(Read("name,value\na,5\nb,7\n").column, "value");
  EXPECT_EQ(Read("epoch,error\n1,5\n2,7\n").column, "error");
  EXPECT_EQ(Read("time,first,second\n1,5,6\n2,7,8\n").column, "first");
  EXPECT_EQ(Read("time,step,second\n1,5,6\n2,7,8\n").column, "time");
}

TEST_F(CurveTest, TakesAnySeparator) {
  for (const std::string separator : {",", ";", "\t", " ", " , "}) {
    const Curve curve = Read("step" + separator + "loss\r\n1" + separator + "2.5\r\n\r\n3" +
                             separator + "1e-3\r\n");
    EXPECT_THAT(curve.steps, ElementsAre(1, 3)) << separator;
    EXPECT_THAT(curve.values, ElementsAre(2.5f, 1e-3f)) << separator;
  }
  EXPECT_THAT(Read("\xEF\xBB\xBF\"step\",\"train, loss\"\n\"1\",\"2\"\n").column, "train, loss");
  EXPECT_THAT(Read("# step loss\n0 5\n1   4\n").values, ElementsAre(5.f, 4.f));
}

TEST_F(CurveTest, SkipsAndCountsWhatIsNoValue) {
  const Curve curve =
      Read("step,loss\n0,1\n1,nan\n2,\n3,-inf\n4,NA\n5\n,7\n6,1e999\n7,1e39\n8,2\n");
  EXPECT_THAT(curve.steps, ElementsAre(0, 8));
  EXPECT_THAT(curve.values, ElementsAre(1.f, 2.f));
  EXPECT_EQ(curve.skipped_rows, 8u);
}

TEST_F(CurveTest, TakesTheColumnsAskedFor) {
  const std::string text = "step,loss,test_loss,t\n0,1,5,100\n1,2,6,200\n";
  EXPECT_THAT(Read(text, {"test_loss", ""}).values, ElementsAre(5.f, 6.f));
  EXPECT_THAT(Read(text, {"3", "t"}).values, ElementsAre(5.f, 6.f));
  EXPECT_THAT(Read(text, {"loss", "t"}).steps, ElementsAre(100, 200));
  EXPECT_THAT(Read(text, {"t", "row"}).steps, ElementsAre(0, 1));
  EXPECT_THAT(Read("1,2\n3,4\n", {"1", ""}).steps, ElementsAre(0, 1));
}

TEST_F(CurveTest, NamesPlaceAndRemedyOfFaults) {
  EXPECT_THAT(Complaint(""), HasSubstr("is empty"));
  EXPECT_THAT(Complaint("step,loss\n1,2\n", {"los", ""}),
              HasSubstr(":1 there is no column 'los'; give --column one of: step, loss"));
  EXPECT_THAT(Complaint("step,loss\n1,2\n", {"", "x"}), HasSubstr("give --step-column one of"));
  EXPECT_THAT(Complaint("step,loss\n0,1\n1,2x\n"), HasSubstr(":3 '2x' in column 'loss'"));
  EXPECT_THAT(Complaint("step;loss\n0;1,5\n"), HasSubstr("decimal point"));
  EXPECT_THAT(Complaint("step,loss\n5,1\n5,2\n"), HasSubstr(":3 step 5"));
  EXPECT_THAT(Complaint("name,kind\na,b\n"), HasSubstr("no column of numbers"));
}

TEST_F(CurveTest, MissingFileIsTheSystemsFault) {
  try {
    ReadCsv("/nonexistent/curve.csv");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::kSystem);
  }
}

TEST_F(CurveTest, HeaderAloneIsAnEmptyCurve) { EXPECT_TRUE(Read("step,loss\n").values.empty()); }

}  // namespace
}  // namespace crease::curve
