#include "lib/data/idx.h"

#include <bit>

#include <rapidcheck.h>

#include "tests/data/fixture.h"

namespace crease::data {
namespace {

std::string BigEndian(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(value >> (8 * i));
  return text;
}

std::string Header(int type, const std::vector<std::uint32_t>& extents) {
  std::string text = BigEndian(0, 2) + BigEndian(static_cast<std::uint64_t>(type), 1) +
                     BigEndian(extents.size(), 1);
  for (const std::uint32_t extent : extents) text += BigEndian(extent, 4);
  return text;
}

class IdxTest : public DataTest {
 protected:
  // Three images of 2 x 2 and their labels.
  Options Valid() {
    Options options;
    options.task = "idx";
    options.path =
        Write("images", Header(8, {3, 2, 2}) + std::string("\x00\xff\x33\x66 abcdefg", 12));
    options.labels = Write("labels", Header(8, {3}) + std::string("\x07\x02\x07", 3));
    return options;
  }
};

TEST_F(IdxTest, ReadsImagesAndSortsClasses) {
  const Dataset data = Load(Valid());
  EXPECT_EQ(data.inputs, 4u);
  EXPECT_EQ(data.outputs, 2u);
  EXPECT_EQ(data.train.points, 3u);
  EXPECT_EQ(data.train.x[0], 0.0f);
  EXPECT_EQ(data.train.x[1], 1.0f);
  EXPECT_EQ(data.train.x[2], 0.2f);
  EXPECT_THAT(data.train.labels, ::testing::ElementsAre(1, 0, 1));
  EXPECT_EQ(data.test.points, 0u);
}

TEST_F(IdxTest, GzipIsTheSame) {
  const Options options = Valid();
  const Dataset plain = Load(options);
  Options packed = options;
  packed.path =
      Write("images.gz", Gzip(Header(8, {3, 2, 2}) + std::string("\x00\xff\x33\x66 abcdefg", 12)));
  EXPECT_EQ(Load(packed).train.x, plain.train.x);
  EXPECT_NE(ContentDigest(packed), ContentDigest(options));
}

TEST_F(IdxTest, AllTypesAreDecoded) {
  const std::pair<int, std::string> cases[] = {
      {0x08, BigEndian(200, 1)},
      {0x09, BigEndian(0xc8, 1)},
      {0x0b, BigEndian(0xfed4, 2)},
      {0x0c, BigEndian(0xfffe7960, 4)},
      {0x0d, BigEndian(std::bit_cast<std::uint32_t>(-2.5f), 4)},
      {0x0e, BigEndian(std::bit_cast<std::uint64_t>(0.1), 8)},
  };
  const double expected[] = {200, -56, -300, -100000, -2.5, 0.1};
  for (std::size_t i = 0; i < 6; ++i) {
    const IdxArray array("a", Header(cases[i].first, {1}) + cases[i].second);
    EXPECT_EQ(array.Value(0), expected[i]) << cases[i].first;
    EXPECT_EQ(array.holds_integers(), i < 4);
    EXPECT_EQ(array.holds_unsigned_bytes(), i == 0);
  }
}

TEST_F(IdxTest, RegressionAndTestSplit) {
  Options options = Valid();
  options.kind = "regression";
  std::string targets = Header(0x0d, {3, 2});
  for (int i = 0; i < 6; ++i) {
    targets += BigEndian(std::bit_cast<std::uint32_t>(static_cast<float>(i) / 2), 4);
  }
  options.labels = options.test_labels = Write("targets", targets);
  options.test_path = options.path;
  const Dataset data = Load(options);
  EXPECT_TRUE(data.regression);
  EXPECT_EQ(data.outputs, 2u);
  EXPECT_EQ(data.supervised, 2u);
  EXPECT_THAT(data.train.targets, ::testing::ElementsAre(0, 0.5, 1, 1.5, 2, 2.5));
  EXPECT_EQ(data.test.x, data.train.x);
  EXPECT_EQ(data.test.targets, data.train.targets);
}

TEST_F(IdxTest, BadHeaders) {
  const std::string data(12, 'a');
  const std::pair<std::string, const char*> cases[] = {
      {"\x89PNG\r\n", "does not begin with two zero bytes"},
      {std::string(2, '\0'), "does not begin with two zero bytes"},
      {Header(7, {12}) + data, "there is no type 7"},
      {Header(8, {}) + data, "header of the IDX file is incomplete"},
      {Header(8, {3, 2, 2}).substr(0, 9), "header of the IDX file is incomplete"},
  };
  for (const auto& [bytes, problem] : cases) {
    SCOPED_TRACE(problem);
    Options options = Valid();
    options.path = Write("bad", bytes);
    ExpectLoadError(options, {Fault::kInput, options.path, problem, "give an IDX file"});
  }
}

TEST_F(IdxTest, ExtentsThatLie) {
  const std::string data(12, 'a');
  const std::pair<std::string, const char*> cases[] = {
      {Header(8, {3, 2, 2}) + data.substr(1), "11 bytes follow"},
      {Header(8, {3, 2, 2}) + data + "x", "13 bytes follow"},
      {Header(8, {0, 2, 2}), "0 x 2 x 2"},
      {Header(8, {3, 0}), "3 x 0"},
      {Header(0x0e, {3, 2, 2}) + data, "numbers of 8 bytes"},
      // Products that overflow 64 bits to something small, or ask for all memory there is.
      {Header(8, {0x80000000, 0x80000000, 4}) + data, "12 bytes follow"},
      {Header(8, {0xffffffff, 0xffffffff, 0xffffffff}) + data, "12 bytes follow"},
      {Header(8, {0xffffffff}) + data, "12 bytes follow"},
      {Header(0x0e, {0xffffffff, 0x20000000}) + data, "12 bytes follow"},
  };
  for (const auto& [bytes, problem] : cases) {
    SCOPED_TRACE(problem);
    Options options = Valid();
    options.path = Write("bad", bytes);
    ExpectLoadError(options, {Fault::kInput, options.path, problem, "get the file again"});
  }
}

TEST_F(IdxTest, BadPairs) {
  Options options = Valid();
  options.labels = Write("four", Header(8, {4}) + "abcd");
  ExpectLoadError(options, {Fault::kInput, options.labels, "has 4 rows, but", "one row a point"});
  options.labels = Write("same", Header(8, {3}) + "aaa");
  ExpectLoadError(options, {Fault::kInput, options.labels, "of one class", "two classes"});
  options.labels = Write("float", Header(0x0d, {3}) + std::string("?\xa0\0\0?\xa0\0\0?\0\0\0", 12));
  ExpectLoadError(options, {Fault::kInput, options.labels, "one whole number", "regression"});
  options.labels = Write("two", Header(8, {3, 2}) + "ababab");
  ExpectLoadError(options, {Fault::kInput, options.labels, "one whole number", "regression"});
  options = Valid();
  options.test_path = Write("other", Header(8, {3, 3}) + "abcabcabc");
  options.test_labels = options.labels;
  ExpectLoadError(options,
                  {Fault::kInput, options.test_path, "has 3 values a point", "same shape"});
  options.test_path = options.path;
  options.test_labels = Write("unseen", Header(8, {3}) + std::string("\x02\x05\x07", 3));
  ExpectLoadError(options, {Fault::kInput, options.test_labels, "of class 5", "training points"});
  options = Valid();
  options.labels = Path("none");
  ExpectLoadError(options, {Fault::kInput, options.labels, "no such file", "check the path"});
}

TEST_F(IdxTest, NotFinite) {
  Options options = Valid();
  std::string images = Header(0x0d, {3});
  images += BigEndian(std::bit_cast<std::uint32_t>(1.0f), 4) + BigEndian(0x7f800000, 4) +
            BigEndian(0x7fc00000, 4);
  options.path = Write("infinite", images);
  ExpectLoadError(options, {Fault::kInput, options.path, "point 1 (from 0)", "drop that point"});
}

TEST_F(IdxTest, ASinglePoint) {
  Options options = Valid();
  options.path = Write("one", Header(8, {1, 2}) + "ab");
  options.labels = Write("label", Header(8, {1}) + "a");
  ExpectLoadError(options, {Fault::kInput, options.path, "a single point", "at least two"});
}

TEST_F(IdxTest, RandomBytesNeverCrash) {
  EXPECT_TRUE(rc::check("random bytes", [](std::string bytes) {
    const bool plausible = *rc::gen::arbitrary<bool>();
    if (plausible) bytes = Header(8, {2, 3}).substr(0, 8) + bytes;
    try {
      const IdxArray array("a", bytes);
      for (std::size_t i = 0; i < array.points() * array.values_per_point(); ++i) {
        (void)array.Value(i);
      }
    } catch (const Error& error) {
      RC_ASSERT(error.fault() == Fault::kInput);
    }
  }));
}

}  // namespace
}  // namespace crease::data
