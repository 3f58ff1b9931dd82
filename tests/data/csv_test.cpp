#include "lib/data/csv.h"

#include <cmath>

#include <rapidcheck.h>

#include "tests/data/fixture.h"

namespace crease::data {
namespace {

using ::testing::ElementsAre;

class CsvTest : public DataTest {
 protected:
  Options Csv(const std::string& text) {
    Options options;
    options.task = "csv";
    options.path = Write("table.csv", text);
    return options;
  }
  std::string At(int line) const { return Path("table.csv") + ":" + std::to_string(line); }
};

TEST_F(CsvTest, PlainTable) {
  const Dataset data = Load(Csv("1,2.5,0\n-3,4e-1,1\n.5,+7,0\n"));
  EXPECT_EQ(data.inputs, 2u);
  EXPECT_EQ(data.outputs, 2u);
  EXPECT_EQ(data.train.points, 3u);
  EXPECT_THAT(data.train.x, ElementsAre(1, 2.5, -3, 0.4f, 0.5, 7));
  EXPECT_THAT(data.train.labels, ElementsAre(0, 1, 0));
}

TEST_F(CsvTest, AnyLineEndAndByteOrderMarkAndBlankLines) {
  const Dataset expected = Load(Csv("a,b,c\n1,2,0\n3,4,1\n"));
  for (const char* text : {"a,b,c\r\n1,2,0\r\n3,4,1\r\n",
                           "\xef\xbb\xbf"
                           "a,b,c\n1,2,0\n3,4,1",
                           "\n\na,b,c\n\n1,2,0\n  \n3,4,1\n\n", "a,b,c\r1,2,0\r3,4,1\r",
                           " a , b,c \n 1,\t2 ,0\n3,4,1 \n"}) {
    SCOPED_TRACE(text);
    const Dataset data = Load(Csv(text));
    EXPECT_EQ(data.train.x, expected.train.x);
    EXPECT_EQ(data.train.labels, expected.train.labels);
  }
  EXPECT_EQ(Load(Csv(Gzip("a,b,c\n1,2,0\n3,4,1\n"))).train.x, expected.train.x);
}

TEST_F(CsvTest, QuotedCells) {
  const Dataset data =
      Load(Csv("\"height, cm\",\"the \"\"class\"\"\"\n\"180\",\"tall,\nvery\"\n150,\"small\"\n"));
  EXPECT_THAT(data.train.x, ElementsAre(180, 150));
  EXPECT_THAT(data.train.labels, ElementsAre(1, 0));
}

TEST_F(CsvTest, WordsAreSortedAsTextAndNumbersByValue) {
  EXPECT_THAT(Load(Csv("1,cat\n2,ant\n3,bee\n")).train.labels, ElementsAre(2, 0, 1));
  EXPECT_THAT(Load(Csv("1,10\n2,9\n3,-1\n")).train.labels, ElementsAre(2, 1, 0));
  EXPECT_THAT(Load(Csv("1,10\n2,9\n3,x\n")).train.labels, ElementsAre(0, 1, 2));
}

TEST_F(CsvTest, ColumnsByNameAndNumber) {
  Options options = Csv("name,a,class,b\nx,1,yes,2\ny,3,no,4\n");
  options.columns = "b, 2";
  options.target = "class";
  const Dataset data = Load(options);
  EXPECT_THAT(data.train.x, ElementsAre(2, 1, 4, 3));
  EXPECT_THAT(data.train.labels, ElementsAre(1, 0));
}

TEST_F(CsvTest, AHeaderWithNumbersIsFoundByItsNames) {
  Options options = Csv("a,2020,class\n1,2,0\n3,4,1\n");
  options.target = "class";
  EXPECT_THAT(Load(options).train.x, ElementsAre(1, 2, 3, 4));
}

TEST_F(CsvTest, RegressionWithSeveralTargets) {
  Options options = Csv("a,t1,t2\n1,2,3\n4,5,6\n");
  options.kind = "regression";
  options.target = "t2,t1";
  const Dataset data = Load(options);
  EXPECT_TRUE(data.regression);
  EXPECT_EQ(data.inputs, 1u);
  EXPECT_EQ(data.outputs, 2u);
  EXPECT_EQ(data.supervised, 2u);
  EXPECT_THAT(data.train.targets, ElementsAre(3, 2, 6, 5));
  EXPECT_TRUE(data.train.labels.empty());
}

TEST_F(CsvTest, StandardizeUsesTheTrainingSplitForBoth) {
  Options options = Csv("1,0\n3,1\n");
  options.standardize = true;
  options.test_path = Write("test.csv", "5,1\n");
  const Dataset data = Load(options);
  EXPECT_THAT(data.train.x, ElementsAre(-1, 1));
  EXPECT_THAT(data.test.x, ElementsAre(3));
  EXPECT_THAT(data.test.labels, ElementsAre(1));
}

TEST_F(CsvTest, TestSplitIsMatchedByName) {
  Options options = Csv("a,b,class\n1,2,x\n3,4,y\n");
  options.test_path = Write("test.csv", "class,b,a\ny,20,10\n");
  const Dataset data = Load(options);
  EXPECT_THAT(data.test.x, ElementsAre(10, 20));
  EXPECT_THAT(data.test.labels, ElementsAre(1));
}

TEST_F(CsvTest, SubsetIsASeededChoice) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += std::to_string(i) + "," + std::to_string(i / 50) + "\n";
  Options options = Csv(text);
  options.subset = 20;
  const Dataset one = Load(options), again = Load(options);
  options.data_seed = 1;
  const Dataset other = Load(options);
  EXPECT_EQ(one.train.points, 20u);
  EXPECT_EQ(one.train.x, again.train.x);
  EXPECT_NE(one.train.x, other.train.x);
  const auto ones = std::count(one.train.labels.begin(), one.train.labels.end(), 1);
  EXPECT_GT(ones, 2);
  EXPECT_LT(ones, 18);
}

TEST_F(CsvTest, ContentDigestFollowsTheBytesOfAllFiles) {
  Options options = Csv("1,0\n2,1\n");
  const std::string before = ContentDigest(options);
  EXPECT_EQ(before.size(), 32u);
  EXPECT_EQ(ContentDigest(options), before);
  options.test_path = Write("test.csv", "1,0\n2,1\n");
  EXPECT_NE(ContentDigest(options), before);
  options.test_path.clear();
  Csv("1,0\n2,2\n");
  EXPECT_NE(ContentDigest(options), before);
  options.path = Path("none");
  ExpectError([&] { ContentDigest(options); },
              {Fault::kInput, options.path, "no such file", "check the path"});
  EXPECT_EQ(ContentDigest(Options()), "");
}

struct BadTable {
  const char* name;
  std::string text;
  int line;  // 0: the file as a whole
  const char* problem;
  const char* remedy;
};

TEST_F(CsvTest, BadTables) {
  const BadTable cases[] = {
      {"empty", "", 0, "is empty", "holds data"},
      {"blank", "\n \n\r\n", 0, "holds no rows", "one row of numbers a point"},
      {"mark alone", "\xef\xbb\xbf", 0, "holds no rows", "one row"},
      {"header alone", "a,b\n", 0, "a header and no rows", "one row of numbers a point"},
      {"short row", "1,2,0\n\n3,1\n", 3, "has 2 columns where the first row has 3", "same number"},
      {"long row", "1,2,0\n1,2,0,\n", 2, "has 4 columns", "same number"},
      {"word", "a,b\n1,0\nabc,1\n", 3, "column \"a\": \"abc\" is not a number", "correct the cell"},
      {"empty cell", "1,0\n,1\n", 2, "column 1: \"\" is empty", "correct the cell"},
      {"nan", "1,0\nnan,1\n", 2, "is not finite", "correct the cell"},
      {"infinity", "1,0\n-inf,1\n", 2, "is not finite", "correct the cell"},
      {"1e400", "1,0\n1e400,1\n", 2, "does not fit single precision", "correct the cell"},
      {"1e39", "1,0\n-1e39,1\n", 2, "does not fit single precision", "correct the cell"},
      {"1e99999", "1,0\n1e99999,1\n", 2, "does not fit single precision", "correct the cell"},
      {"half a number", "1,0\n1.5x,1\n", 2, "is not a number", "correct the cell"},
      {"hexadecimal", "1,0\n0x10,1\n", 2, "is not a number", "correct the cell"},
      {"decimal comma", "\"1,5\",0\n\"2,5\",1\n", 1, "is not a number", "correct the cell"},
      {"semicolons", "1;2;0\n3;4;1\n", 1, "no column is left for the inputs", "by commas"},
      {"one class", "1,0\n2,0\n", 0, "of one class", "two classes"},
      {"no class", "1,a\n2,\n", 2, "class in column 2 is empty", "its class"},
      {"one point", "1,0\n", 0, "a single point", "at least two"},
      {"open quote", "1,0\n\"2,1\n3,0\n", 2, "never ends", "close the quote"},
      {"after quote", "1,0\n\"2\"3,1\n", 2, "follows a closing quote", "double the quotes"},
      {"inner quote", "1,0\n2\"3,1\n", 2, "inside a cell", "quote the whole cell"},
      {"zero byte", std::string("1,0\n2,\0\n", 8), 2, "zero byte", "UTF-8"},
      {"utf-16",
       std::string("\xff\xfe"
                   "1\0,\0002\0\n\0",
                   10),
       1, "zero byte", "UTF-8"},
      {"line count in quotes", "a,b\n1,\"x\ny\nz\"\nq,w\n", 5, "\"q\" is not a number", "correct"},
  };
  for (const BadTable& bad : cases) {
    SCOPED_TRACE(bad.name);
    const Options options = Csv(bad.text);
    const std::string place = bad.line == 0 ? options.path : At(bad.line);
    ExpectLoadError(options, {Fault::kInput, place, bad.problem, bad.remedy});
  }
}

TEST_F(CsvTest, BadColumns) {
  const auto expect = [&](const std::string& columns, const std::string& target,
                          const Expected& expected) {
    SCOPED_TRACE(columns + " / " + target);
    Options options = Csv("a,b,b,class\n1,2,3,0\n4,5,6,1\n");
    options.columns = columns;
    options.target = target;
    ExpectLoadError(options, expected);
  };
  expect("c", "", {Fault::kInput, At(1), "no column \"c\"", "\"a\", \"b\", \"b\", \"class\""});
  expect("", "klass", {Fault::kInput, At(1), "no column \"klass\"", "\"class\""});
  expect("5", "", {Fault::kInput, At(1), "no column \"5\"", "from 1 to 4"});
  expect("0", "", {Fault::kInput, At(1), "no column \"0\"", "from 1 to 4"});
  expect("-1", "", {Fault::kInput, At(1), "no column \"-1\"", "from 1 to 4"});
  expect("b", "", {Fault::kInput, At(1), "two columns are called \"b\"", "by number"});
  expect("a,1", "", {Fault::kInput, At(1), "\"a\" is chosen twice", "once"});
  expect("a,class", "", {Fault::kInput, At(1), "\"class\" is chosen twice", "once"});
  expect("a,,2", "", {Fault::kInput, "data.columns", "empty entry", "commas"});
  expect("a", "2,3", {Fault::kInput, "data.target", "one target column", "regression"});
}

TEST_F(CsvTest, BadTestSplits) {
  Options options = Csv("a,b,class\n1,2,x\n3,4,y\n");
  const auto expect = [&](const std::string& text, int line, const char* problem) {
    SCOPED_TRACE(problem);
    options.test_path = Write("test.csv", text);
    ExpectError([&] { Load(options); },
                {Fault::kInput, options.test_path + ":" + std::to_string(line), problem, " "});
  };
  expect("a,b\n1,2\n", 1, "no column \"class\"");
  expect("1,2,3,x\n", 1, "has 4 columns");
  expect("a,b,class\n1,2,x\n5,6,z\n", 3, "no training point is of class \"z\"");
  expect("a,b,class\n1,?,x\n", 2, "is not a number");
  options.test_path = Path("none.csv");
  ExpectLoadError(options, {Fault::kInput, options.test_path, "no such file", "check the path"});
}

TEST(Numbers, ParseAsTheyShould) {
  double value = -1.0;
  EXPECT_EQ(ParseNumber(" 1.5 ", value), Numeric::kNumber);
  EXPECT_EQ(value, 1.5);
  EXPECT_EQ(ParseNumber("1e-400", value), Numeric::kNumber);
  EXPECT_EQ(value, 0.0);
  EXPECT_EQ(ParseNumber("0.1", value), Numeric::kNumber);
  EXPECT_EQ(value, 0.1);
  for (const char* text : {"", " ", "+", "-", "+-1", "--1", "1 2", "e5", "1e", "one"}) {
    EXPECT_EQ(ParseNumber(text, value), Numeric::kText) << text;
  }
  std::int64_t integer = 0;
  EXPECT_TRUE(ParseInteger("-12", integer));
  EXPECT_EQ(integer, -12);
  EXPECT_FALSE(ParseInteger("1.0", integer));
  EXPECT_FALSE(ParseInteger("99999999999999999999", integer));
}

TEST(Shown, IsPrintableUtf8) {
  EXPECT_EQ(Shown("größe"), "\"größe\"");
  EXPECT_EQ(Shown("a\x01\xff\xc3"), "\"a???\"");
  EXPECT_EQ(Shown(std::string(100, 'x')), '"' + std::string(40, 'x') + "...\"");
}

// Any table that is written by the rules is read back cell for cell.
TEST(CsvTable, RoundTrip) {
  EXPECT_TRUE(rc::check("round trip", [] {
    const auto columns = *rc::gen::inRange<std::size_t>(2, 5);
    const auto rows = *rc::gen::inRange<std::size_t>(1, 6);
    const auto cell =
        rc::gen::container<std::string>(rc::gen::elementOf(std::string("ab,\"\n\r ;")));
    const auto cells = *rc::gen::container<std::vector<std::string>>(rows * columns, cell);
    std::string text;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      text += '"';
      for (const char c : cells[i]) text += c == '"' ? std::string("\"\"") : std::string(1, c);
      text += (i + 1) % columns == 0 ? "\"\r\n" : "\",";
    }
    const CsvTable table("t", text);
    RC_ASSERT(table.rows() == rows);
    RC_ASSERT(table.columns() == columns);
    for (std::size_t i = 0; i < cells.size(); ++i) {
      RC_ASSERT(table.Cell(i / columns, i % columns) == cells[i]);
    }
  }));
}

TEST(CsvTable, RandomTextNeverCrashes) {
  EXPECT_TRUE(rc::check("random text", [] {
    const auto text = *rc::gen::container<std::string>(
        rc::gen::oneOf(rc::gen::elementOf(std::string("1,\"\n\r ")), rc::gen::arbitrary<char>()));
    try {
      const CsvTable table("t", text);
      RC_ASSERT(table.rows() > 0u);
    } catch (const Error& error) {
      RC_ASSERT(error.fault() == Fault::kInput);
    }
  }));
}

}  // namespace
}  // namespace crease::data
