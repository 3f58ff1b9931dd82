// Numbers, durations and tables as they show.
#include "apps/text.h"

#include <cmath>
#include <limits>
#include <sstream>

#include <gtest/gtest.h>

#include "apps/table.h"

namespace crease::apps {
namespace {

TEST(Text, NumbersKeepTheirDigits) {
  EXPECT_EQ(FormatNumber(0.45017), "0.4502");
  EXPECT_EQ(FormatNumber(46.5712), "46.57");
  EXPECT_EQ(FormatNumber(5626.4), "5626");
  EXPECT_EQ(FormatNumber(123456.7), "123457");
  EXPECT_EQ(FormatNumber(0), "0.0000");
  EXPECT_EQ(FormatNumber(-1.5, 3), "-1.50");
  EXPECT_EQ(FormatNumber(3.21e-5), "3.21e-05");
  EXPECT_EQ(FormatNumber(1e9), "1.00e+09");
  EXPECT_EQ(FormatNumber(NAN), "-");
  EXPECT_EQ(FormatNumber(INFINITY), "inf");
}

TEST(Text, StepsOfAnySize) {
  EXPECT_EQ(FormatStep(1234567.4), "1234567");
  EXPECT_EQ(FormatStep(-3e9), "-3000000000");
  EXPECT_EQ(FormatStep(2.25e93), "2.25000e+93");
  EXPECT_EQ(FormatStep(-std::numeric_limits<double>::max()), "-1.79769e+308");
  EXPECT_EQ(FormatNumber(std::numeric_limits<double>::max(), 200).size(), 205U);
  EXPECT_EQ(FormatStep(INFINITY), "inf");
  EXPECT_EQ(FormatStep(NAN), "-");
}

TEST(Text, Counts) {
  EXPECT_EQ(FormatCount(0), "0");
  EXPECT_EQ(FormatCount(999), "999");
  EXPECT_EQ(FormatCount(1000), "1,000");
  EXPECT_EQ(FormatCount(1280000), "1,280,000");
  EXPECT_EQ(FormatCount(-123456), "-123,456");
  EXPECT_EQ(Counted(1, "run"), "1 run");
  EXPECT_EQ(Counted(2000, "run"), "2,000 runs");
}

TEST(Text, BytesAndDurations) {
  EXPECT_EQ(FormatBytes(0), "0 B");
  EXPECT_EQ(FormatBytes(1023), "1023 B");
  EXPECT_EQ(FormatBytes(8.2 * 1024 * 1024), "8.2 MiB");
  EXPECT_EQ(FormatBytes(1023.7 * 1024), "1.0 MiB");
  EXPECT_EQ(FormatDuration(0.346), "0.35 s");
  EXPECT_EQ(FormatDuration(59.4), "59 s");
  EXPECT_EQ(FormatDuration(59.6), "1 min 00 s");
  EXPECT_EQ(FormatDuration(250), "4 min 10 s");
  EXPECT_EQ(FormatDuration(7500), "2 h 05 min");
  EXPECT_EQ(FormatDuration(86400 * 3 + 4 * 3600), "3 d 04 h");
  EXPECT_EQ(FormatDuration(NAN), "-");
  EXPECT_EQ(FormatRate(540000), "540,000");
  EXPECT_EQ(FormatRate(1.284e6), "1.28e6");
}

TEST(Text, WidthIsWhatShows) {
  EXPECT_EQ(DisplayWidth("norm"), 4U);
  EXPECT_EQ(DisplayWidth("η·λ"), 3U);
  EXPECT_EQ(DisplayWidth("e\u0301"), 1U);
  EXPECT_EQ(DisplayWidth("折線"), 4U);
  EXPECT_EQ(DisplayWidth("\xff\xfe"), 2U);
  EXPECT_EQ(DisplayWidth("\xe2\x82"), 2U);  // cut in the middle
  EXPECT_EQ(FirstColumns("折線", 3), "折");
  EXPECT_EQ(FirstColumns("short", 80), "short");
}

TEST(Text, PrefixTellsIdsApart) {
  EXPECT_EQ(UnambiguousPrefix({}), 8U);
  EXPECT_EQ(UnambiguousPrefix({"aaaaaaaaaa", "bbbbbbbbbb"}), 8U);
  EXPECT_EQ(UnambiguousPrefix({"0123456789", "0123456788", "ff"}), 10U);
  EXPECT_EQ(UnambiguousPrefix({"same", "same"}, 2), 2U);
}

TEST(Table, AlignsNumbersRightAndNamesLeft) {
  Table table;
  table.AddColumn("norm", false);
  table.AddColumn("runs");
  table.AddRow({"η", "1000"});
  table.AddRow({"layernorm", "7"});
  std::ostringstream out;
  table.Print(out);
  EXPECT_EQ(out.str(),
            "norm       runs\n"
            "η          1000\n"
            "layernorm     7\n");
}

TEST(Table, GoesOnWhereItStopped) {
  Table table;
  table.AddColumn("a", false);
  table.AddRow({"long"});
  std::ostringstream out;
  table.Print(out);
  table.AddRow({"b"});
  table.Print(out);
  EXPECT_EQ(out.str(), "a\nlong\nb\n");
}

}  // namespace
}  // namespace crease::apps
