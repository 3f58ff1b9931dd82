#include "analysis/curve/curve.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analysis/curve/cells.h"
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
  EXPECT_EQ(Read("time,step,second\n1,5,6\n2,7,8\n").column, "second");
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
  const Curve curve = Read("step,loss\n0,1\n1,nan\n2,\n3,-inf\n4,NA\n5\n,7\n6,1e999\n8,2\n");
  EXPECT_THAT(curve.steps, ElementsAre(0, 8));
  EXPECT_THAT(curve.values, ElementsAre(1.f, 2.f));
  EXPECT_EQ(curve.skipped_rows, 7u);
  EXPECT_EQ(curve.unit, 1);
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
  EXPECT_THAT(Complaint("name,kind\na,b\n"), HasSubstr("no column of numbers"));
}

TEST_F(CurveTest, KnowsWhatTrackersExport) {
  const Curve board = Read("Wall time,Step,Value\n1700000000.5,0,2.5\n1700000001.5,10,2.25\n");
  EXPECT_EQ(board.step_column + " " + board.column, "Step Value");
  EXPECT_FALSE(board.is_guess);
  const Curve bands = Read(
      "\"Step\",\"sun-7 - loss\",\"sun-7 - loss__MIN\",\"sun-7 - loss__MAX\"\n"
      "\"0\",\"\",\"\",\"\"\n\"50\",\"2.5\",\"2\",\"3\"\n");
  EXPECT_EQ(bands.step_column + " " + bands.column, "Step sun-7 - loss");
  EXPECT_THAT(bands.values, ElementsAre(2.5f));
  EXPECT_FALSE(bands.is_guess);
  const Curve two = Read("Step,a - train/accuracy,a - train/loss\n1,0,2\n2,0,1\n");
  EXPECT_EQ(two.column, "a - train/loss");
  EXPECT_TRUE(two.is_guess);
  const Curve lightning = Read("epoch,val_loss,trainer/global_step\n0,2,10\n0,1,20\n");
  EXPECT_EQ(lightning.step_column + " " + lightning.column, "trainer/global_step val_loss");
  const Curve frame = Read(",error\n0,2\n10,1\n");
  EXPECT_THAT(frame.steps, ElementsAre(0, 10));
  EXPECT_EQ(frame.column, "error");
}

TEST_F(CurveTest, ToleratesTrailingSeparatorsAndComments) {
  EXPECT_EQ(Read("step,value,\n0,1,\n1,2,\n").column, "value");
  EXPECT_THAT(Read("5,\n7,\n").values, ElementsAre(5.f, 7.f));
  const Curve curve = Read("# made by hand\n#step loss\n0 5\n# half way\n\n1 4\n");
  EXPECT_THAT(curve.steps, ElementsAre(0, 1));
  EXPECT_EQ(curve.column, "loss");
  EXPECT_EQ(Read("# made by hand\n0 5\n1 4\n").column, "2");
  EXPECT_THAT(Read("# a, b\nstep;loss\n0;5\n").values, ElementsAre(5.f));
  EXPECT_THAT(Read("training loss\n5\n4\n").values, ElementsAre(5.f, 4.f));
  EXPECT_THAT(Read("step,loss\r0,5\r1,4\r").values, ElementsAre(5.f, 4.f));
}

TEST_F(CurveTest, AResumedRunSupersedesWhatItGoesBackBehind) {
  const Curve curve = Read("step,loss\n0,9\n10,8\n20,7\n30,6\n20,5\n25,4\n40,3\n40,2\n");
  EXPECT_THAT(curve.steps, ElementsAre(0, 10, 20, 25, 40));
  EXPECT_THAT(curve.values, ElementsAre(9.f, 8.f, 5.f, 4.f, 2.f));
  EXPECT_EQ(curve.superseded_rows, 3u);
  EXPECT_EQ(curve.first_superseding_line, 6u);
  EXPECT_THAT(Read("step,loss\n0,9\n0,8\n1,7\n1,6\n").values, ElementsAre(8.f, 6.f));
}

TEST_F(CurveTest, RefusesStepsWithoutAnOrder) {
  // Two curves in one file, rows the wrong way round, an epoch's number in all its rows.
  EXPECT_THAT(Complaint("step,loss\n0,1\n1,2\n2,3\n0,4\n"), HasSubstr(":5 step 0 comes after"));
  EXPECT_THAT(Complaint("step,loss\n9,1\n8,2\n7,3\n"), HasSubstr(":3 step 8 comes after step 9"));
  EXPECT_THAT(Complaint("epoch,loss\n0,1\n0,2\n0,3\n1,3\n1,3\n1,3\n"),
              HasSubstr(":3 the numbers of column 'epoch' go back or repeat"));
  EXPECT_THAT(Complaint("step,loss\n0,1\n1e101,2\n"), HasSubstr(":3 the step is beyond"));
  EXPECT_THAT(Complaint("step,loss\n0,1\n1e-101,2\n"), HasSubstr("span less than 1e-100"));
  EXPECT_THAT(Read("epoch,loss\n0,1\n0,2\n0,3\n", {"", "row"}).steps, ElementsAre(0, 1, 2));
}

TEST_F(CurveTest, HoldsValuesOfAnyMagnitude) {
  for (const double scale : {1e-300, 1e-45, 1e-30, 1.0, 1e30, 1e38, 1e300}) {
    std::string text;
    for (const double factor : {2.5, -1.0, 0.0, 1e-3}) {
      text.append(std::to_string(text.size())).append(",");
      text.append(::testing::PrintToString(factor * scale)).append("\n");
    }
    const Curve curve = Read(text);
    ASSERT_EQ(curve.values.size(), 4u) << scale;
    EXPECT_EQ(curve.extreme_rows, 0u);
    EXPECT_EQ(curve.unit == 1, scale >= 1e-30 && scale <= 1e30) << scale;
    EXPECT_NEAR(static_cast<double>(curve.values[0]) * curve.unit / scale, 2.5, 1e-5) << scale;
    EXPECT_NEAR(static_cast<double>(curve.values[1]) * curve.unit / scale, -1, 1e-5) << scale;
    EXPECT_EQ(curve.values[2], 0);
  }
}

TEST_F(CurveTest, LeavesOutWhatNoUnitHolds) {
  const Curve curve = Read("0,1\n1,1e-20\n2,1e200\n3,1e-300\n4,1e50\n");
  EXPECT_THAT(curve.steps, ElementsAre(0, 1, 4));
  EXPECT_EQ(curve.extreme_rows, 2u);
  EXPECT_NEAR(static_cast<double>(curve.values[2]) * curve.unit / 1e50, 1, 1e-6);
}

TEST_F(CurveTest, TellsWhatIsNoTextOfItsOwn) {
  using namespace std::string_literals;
  EXPECT_THAT(Complaint("\xFF\xFE"
                        "s\0t\0"s),
              HasSubstr("UTF-16"));
  EXPECT_THAT(Complaint("s\0t\0\n\0"s), HasSubstr("UTF-16"));
  EXPECT_THAT(Complaint("\x1F\x8B\x08"), HasSubstr("gunzip"));
  EXPECT_THAT(Complaint("PK\x03\x04"), HasSubstr("zip"));
  EXPECT_THAT(Complaint("step,loss\n0,\x01\xFFx\n"), HasSubstr("'\\x01\\xFFx'"));
  EXPECT_THAT(Complaint(std::string(std::size_t{18} << 20, '7')), HasSubstr("longer than 16 MiB"));
  EXPECT_THAT(Complaint("# only\n#comments\n"), HasSubstr("is empty"));
}

TEST(Printable, EscapesWhatIsNoText) {
  EXPECT_EQ(Printable("Pr\xC3\xBC"
                      "fung"),
            "Pr\xC3\xBC"
            "fung");
  EXPECT_EQ(Printable("\x1B[31m\xFF"), "\\x1B[31m\\xFF");
  EXPECT_EQ(Printable("\xC3"), "\\xC3");
  EXPECT_EQ(Printable("\xC2\x9B"), "\\xC2\\x9B");
  EXPECT_EQ(Printable(std::string(50, 'x')), std::string(40, 'x') + "...");
}

TEST_F(CurveTest, ReadsAmongThousandsOfColumns) {
  std::string text = "c0";
  for (int i = 1; i < 5000; ++i)
    text.append(i == 4321 ? ",loss" : ",c").append(i == 4321 ? "" : std::to_string(i));
  for (int row = 0; row < 20; ++row) {
    text.append("\n").append(std::to_string(row));
    for (int i = 1; i < 5000; ++i) text.append(",").append(std::to_string(row * i));
  }
  const Curve curve = Read(text);
  ASSERT_EQ(curve.values.size(), 20u);
  EXPECT_EQ(curve.values[3], 3 * 4321);
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
