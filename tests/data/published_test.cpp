#include "lib/data/published.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "lib/core/hash.h"
#include "tests/data/fixture.h"

namespace crease::data {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;

// Sets an environment variable until the end of the scope.
class WithEnvironment {
 public:
  WithEnvironment(const char* name, const std::string& value) : name_(name) {
    if (const char* const old = std::getenv(name)) old_ = old;
    ::setenv(name, value.c_str(), 1);
  }
  ~WithEnvironment() { ::setenv(name_, old_.c_str(), 1); }
  WithEnvironment(const WithEnvironment&) = delete;

 private:
  const char* name_;
  std::string old_;
};

Options Task(const std::string& name) {
  Options options;
  options.task = name;
  return options;
}

std::vector<int> Counts(const Split& split, std::size_t classes) {
  std::vector<int> counts(classes);
  for (const std::int32_t label : split.labels) ++counts[static_cast<std::size_t>(label)];
  return counts;
}

std::string XDigest(const Split& split) {
  Hasher hasher;
  hasher.Add(std::span<const float>(split.x));
  return hasher.HexDigest();
}

TEST(Digits, AreAsPublished) {
  const Dataset data = Load(Task("digits"));
  EXPECT_EQ(data.inputs, 64u);
  EXPECT_EQ(data.outputs, 10u);
  ASSERT_EQ(data.train.points, 1437u);
  ASSERT_EQ(data.test.points, 360u);
  const float first[] = {0, 0, 5, 13, 9, 1, 0, 0, 0, 0, 13, 15, 10, 15, 5, 0};
  for (std::size_t i = 0; i < 16; ++i) EXPECT_EQ(data.train.x[i], first[i] / 16.0f) << i;
  EXPECT_EQ(data.train.labels[0], 0);
  EXPECT_EQ(data.train.labels[1], 1);
  EXPECT_EQ(*std::max_element(data.train.x.begin(), data.train.x.end()), 1.0f);
  std::vector<int> all = Counts(data.train, 10);
  for (std::size_t k = 0; k < 10; ++k) all[k] += Counts(data.test, 10)[k];
  EXPECT_THAT(all, ElementsAre(178, 182, 177, 183, 181, 182, 181, 179, 174, 180));
}

TEST(Tables, AreStandardised) {
  struct Expectation {
    const char* task;
    std::size_t inputs;
    std::vector<int> counts;
    double first;  // (first cell - mean) / population sd, from numpy
  };
  const Expectation cases[] = {{"iris", 4, {50, 50, 50}, -0.9006811702978099},
                               {"wine", 13, {59, 71, 48}, 1.5186125409891542},
                               {"breast_cancer", 30, {212, 357}, 1.0970639814699807}};
  for (const Expectation& expected : cases) {
    SCOPED_TRACE(expected.task);
    const Dataset data = Load(Task(expected.task));
    EXPECT_EQ(data.inputs, expected.inputs);
    EXPECT_EQ(data.outputs, expected.counts.size());
    EXPECT_THAT(Counts(data.train, data.outputs), ElementsAreArray(expected.counts));
    EXPECT_EQ(data.test.points, 0u);
    EXPECT_EQ(data.train.x[0], static_cast<float>(expected.first));
    const auto points = static_cast<double>(data.train.points);
    for (std::size_t d = 0; d < data.inputs; ++d) {
      double mean = 0.0, square = 0.0;
      for (std::size_t i = 0; i < data.train.points; ++i) {
        const double x = data.train.x[i * data.inputs + d];
        mean += x / points;
        square += x * x / points;
      }
      EXPECT_NEAR(mean, 0.0, 1e-6);
      EXPECT_NEAR(square, 1.0, 1e-6);
    }
  }
}

void ExpectImages(const std::string& task, const std::vector<int>& counts, double mean,
                  std::int32_t first_label) {
  const Dataset data = Load(Task(task));
  EXPECT_EQ(data.inputs, 784u);
  EXPECT_EQ(data.outputs, 10u);
  ASSERT_EQ(data.train.points, 60000u);
  ASSERT_EQ(data.test.points, 10000u);
  EXPECT_THAT(Counts(data.train, 10), ElementsAreArray(counts));
  EXPECT_EQ(data.train.labels[0], first_label);
  const double sum = std::accumulate(data.train.x.begin(), data.train.x.end(), 0.0);
  EXPECT_NEAR(sum / (60000.0 * 784.0), mean, 5e-5);
  EXPECT_EQ(*std::max_element(data.test.x.begin(), data.test.x.end()), 1.0f);
}

bool HaveMnist() {
  for (const std::string& directory : PublishedDirectories("mnist")) {
    if (std::filesystem::exists(directory + "/train-images-idx3-ubyte")) return true;
  }
  return false;
}

TEST(Images, MnistIsAsPublished) {
  if (!HaveMnist()) GTEST_SKIP() << "run apps/get-mnist.sh";
  ExpectImages("mnist", {5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949}, 0.1307, 5);
}

TEST(Images, FashionMnistIsAsPublished) {
  ExpectImages("fashion_mnist", std::vector<int>(10, 6000), 0.2860, 9);
}

TEST(Images, RandomLabelsReplaceTheirClasses) {
  Options options = Task("random_labels");
  options.source = "digits";
  options.classes = 5;
  const Dataset images = Load(Task("digits")), all = Load(options);
  EXPECT_EQ(all.task, "random_labels");
  EXPECT_EQ(all.outputs, 5u);
  EXPECT_EQ(all.inputs, 64u);
  EXPECT_EQ(all.test.points, 0u);
  EXPECT_EQ(all.train.x, images.train.x);
  for (const int count : Counts(all.train, 5)) EXPECT_NEAR(count, 287, 5 * 15);
  options.points = 30;
  EXPECT_EQ(Load(options).train.points, 30u);
  options.points = 0;
  options.subset = 30;
  EXPECT_EQ(Load(options).train.points, 30u);
}

TEST(Subset, IsPinnedByItsSeed) {
  Options options = Task("digits");
  options.subset = 100;
  const Dataset data = Load(options);
  EXPECT_EQ(data.train.points, 100u);
  EXPECT_EQ(data.test.points, 360u);
  for (const int count : Counts(data.train, 10)) EXPECT_GT(count, 2);
  EXPECT_EQ(XDigest(data.train), XDigest(Load(options).train));
  options.data_seed = 9;
  EXPECT_NE(XDigest(data.train), XDigest(Load(options).train));
  EXPECT_EQ(ContentDigest(options), "");
}

using PublishedTest = DataTest;

TEST_F(PublishedTest, TheUsersDirectoriesComeFirst) {
  const WithEnvironment own("CREASE_DATA_DIR", "/a"), shared("XDG_DATA_HOME", "/b");
  EXPECT_THAT(PublishedDirectories("mnist"),
              ElementsAre("/a/mnist", "/b/crease/mnist", "/usr/local/share/crease/mnist"));
  EXPECT_EQ(PublishedDirectories("fashion_mnist").back(), "/usr/share/datasets/fashion-mnist");
}

TEST_F(PublishedTest, HomeServesWhereXdgIsNotSet) {
  const WithEnvironment own("CREASE_DATA_DIR", ""), shared("XDG_DATA_HOME", ""),
      home("HOME", "/home/x");
  EXPECT_EQ(PublishedDirectories("mnist")[0], "/home/x/.local/share/crease/mnist");
}

TEST_F(PublishedTest, RawAndGzipAreFoundInOrder) {
  const std::string digest = HexDigestOf("content");
  const PublishedFile file = {"f", digest.c_str()};
  Write("second/f", "content");
  EXPECT_EQ(ReadPublished(file, {Path("first"), Path("second")}, "x"), "content");
  Write("first/f.gz", Gzip("content"));
  std::filesystem::remove_all(Path("second"));
  EXPECT_EQ(ReadPublished(file, {Path("first"), Path("second")}, "x"), "content");
}

TEST_F(PublishedTest, MissingNamesTheCommandThatInstalls) {
  const PublishedFile file = {"f", ""};
  ExpectError(
      [&] {
        ReadPublished(file, {"/a", "/b"}, "apt-get install x");
      },
      {Fault::kInput, "f", "none of /a, /b", "apt-get install x"});
}

TEST_F(PublishedTest, MissingMnistNamesItsScript) {
  const WithEnvironment own("CREASE_DATA_DIR", Path("a")), shared("XDG_DATA_HOME", Path("b"));
  if (HaveMnist()) GTEST_SKIP() << "MNIST is installed for all users";
  ExpectLoadError(Task("mnist"), {Fault::kInput, "train-images-idx3-ubyte", "none of " + Path("a"),
                                  "run apps/get-mnist.sh"});
}

TEST_F(PublishedTest, AnotherDigestIsDamage) {
  const WithEnvironment own("CREASE_DATA_DIR", Path(""));
  const std::pair<const char*, const char*> cases[] = {{"mnist", "train-images-idx3-ubyte"},
                                                       {"fashion_mnist", "train-images-idx3-ubyte"},
                                                       {"digits", "digits.csv"},
                                                       {"iris", "iris.csv"},
                                                       {"wine", "wine_data.csv"},
                                                       {"breast_cancer", "breast_cancer.csv"}};
  for (const auto& [task, name] : cases) {
    SCOPED_TRACE(task);
    const std::string path = Write(std::string(task) + "/" + name, "1,2,0\n3,4,1\n");
    ExpectLoadError(Task(task), {Fault::kDamaged, PublishedDirectories(task)[0] + "/" + name,
                                 "is not the published file", "delete it, then "});
  }
}

TEST_F(PublishedTest, OneChangedByteIsDamage) {
  std::ifstream in("/usr/lib/python3/dist-packages/sklearn/datasets/data/iris.csv");
  std::string text((std::istreambuf_iterator<char>(in)), {});
  ASSERT_FALSE(text.empty());
  const WithEnvironment own("CREASE_DATA_DIR", Path(""));
  Write("iris/iris.csv", text);
  EXPECT_EQ(Load(Task("iris")).train.points, 150u);
  text[100] = text[100] == '1' ? '2' : '1';
  Write("iris/iris.csv", text);
  ExpectLoadError(Task("iris"), {Fault::kDamaged, PublishedDirectories("iris")[0] + "/iris.csv",
                                 "XXH3", "apt-get install --reinstall python3-sklearn"});
}

TEST_F(PublishedTest, TruncatedGzipIsDamage) {
  const PublishedFile file = {"f", ""};
  const std::string packed = Gzip("some content that is long enough to be cut");
  const std::string path = Write("d/f.gz", packed.substr(0, packed.size() - 9));
  ExpectError([&] { ReadPublished(file, {Path("d")}, "run apps/get-mnist.sh"); },
              {Fault::kDamaged, path, "truncated", "delete it, then run apps/get-mnist.sh"});
}

}  // namespace
}  // namespace crease::data
