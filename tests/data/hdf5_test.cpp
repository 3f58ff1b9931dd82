#include <cmath>
#include <limits>
#include <span>

#include <hdf5.h>

#include "tests/data/fixture.h"

// The HDF5 library loses some of its own memory when it meets damaged metadata.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() { return "leak:libhdf5"; }

namespace crease::data {
namespace {

using ::testing::ElementsAre;

// A file under construction.
class Writer {
 public:
  explicit Writer(const std::string& path, bool checksums = false) {
    const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    if (checksums) H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
    file_ = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access);
    H5Pclose(access);
  }
  ~Writer() { H5Fclose(file_); }
  Writer(const Writer&) = delete;

  // Without `values`, extents alone are written, and no data. With `chunk`, deflated chunks.
  void Add(const std::string& name, std::vector<hsize_t> extents, hid_t type,
           const void* values = nullptr, hsize_t chunk = 0) {
    const hid_t space = H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr);
    const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    if (chunk > 0) {
      extents[0] = chunk;
      H5Pset_chunk(creation, static_cast<int>(extents.size()), extents.data());
      H5Pset_deflate(creation, 6);
    }
    const hid_t set =
        H5Dcreate2(file_, name.c_str(), type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    if (values != nullptr) H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
    H5Dclose(set);
    H5Pclose(creation);
    H5Sclose(space);
  }
  void Add(const std::string& name, std::vector<hsize_t> extents, std::span<const double> values) {
    Add(name, std::move(extents), H5T_NATIVE_DOUBLE, values.data());
  }
  void Add(const std::string& name, std::span<const std::int32_t> values) {
    Add(name, {values.size()}, H5T_NATIVE_INT32, values.data());
  }

 private:
  hid_t file_;
};

constexpr double kX[] = {1, 2, 3, 4, 5, 6};
constexpr std::int32_t kY[] = {5, -1, 5};

class Hdf5Test : public DataTest {
 protected:
  Options Hdf5() {
    Options options;
    options.task = "hdf5";
    options.path = Path("data.h5");
    return options;
  }
  // Loads what `fill` writes.
  Dataset LoadWritten(const std::function<void(Writer&)>& fill, const Options& options) {
    {
      Writer writer(options.path);
      fill(writer);
    }
    return Load(options);
  }
  void ExpectBad(const std::function<void(Writer&)>& fill, const std::string& name,
                 const std::string& problem, const std::string& remedy,
                 const std::string& kind = "classification") {
    SCOPED_TRACE(problem);
    Options options = Hdf5();
    options.kind = kind;
    ExpectError([&] { LoadWritten(fill, options); },
                {Fault::kInput, options.path + ":" + name, problem, remedy});
  }
};

TEST_F(Hdf5Test, ReadsXAndY) {
  const Dataset data = LoadWritten(
      [](Writer& writer) {
        writer.Add("x", {3, 2}, kX);
        writer.Add("y", kY);
      },
      Hdf5());
  EXPECT_EQ(data.inputs, 2u);
  EXPECT_EQ(data.outputs, 2u);
  EXPECT_THAT(data.train.x, ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_THAT(data.train.labels, ElementsAre(1, 0, 1));
  EXPECT_EQ(data.test.points, 0u);
}

TEST_F(Hdf5Test, AnyNumberTypeNamesInGroupsAndHigherRanks) {
  Options options = Hdf5();
  options.columns = "images/raw";
  options.target = "images/class";
  const std::uint8_t pixels[] = {1, 2, 3, 4, 5, 6, 7, 255};
  const float classes[] = {1.0f, 2.0f};
  {
    const hid_t file = H5Fcreate(options.path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    H5Gclose(H5Gcreate2(file, "images", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    H5Fclose(file);
  }
  const hid_t file = H5Fopen(options.path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
  const hsize_t extents[] = {2, 2, 2};
  const hid_t cube = H5Screate_simple(3, extents, nullptr);
  const hid_t line = H5Screate_simple(1, extents, nullptr);
  const hid_t x =
      H5Dcreate2(file, "images/raw", H5T_STD_U8BE, cube, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  H5Dwrite(x, H5T_NATIVE_UINT8, H5S_ALL, H5S_ALL, H5P_DEFAULT, pixels);
  const hid_t y =
      H5Dcreate2(file, "images/class", H5T_IEEE_F32BE, line, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  H5Dwrite(y, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, classes);
  for (const hid_t set : {x, y}) H5Dclose(set);
  for (const hid_t space : {cube, line}) H5Sclose(space);
  H5Fclose(file);
  const Dataset data = Load(options);
  EXPECT_EQ(data.inputs, 4u);
  EXPECT_EQ(data.train.x[7], 255.0f);
  EXPECT_THAT(data.train.labels, ElementsAre(0, 1));
}

TEST_F(Hdf5Test, TestSplitFromTheSameFileOrAnother) {
  const auto fill = [](Writer& writer) {
    writer.Add("x", {3, 2}, kX);
    writer.Add("y", kY);
    writer.Add("x_test", {1, 2}, std::span(kX, 2));
    writer.Add("y_test", std::span(kY, 1));
  };
  Options options = Hdf5();
  EXPECT_THAT(LoadWritten(fill, options).test.labels, ElementsAre(1));
  options.test_path = options.path;
  EXPECT_THAT(LoadWritten(fill, options).test.labels, ElementsAre(1, 0, 1));
}

TEST_F(Hdf5Test, RegressionWithSeveralOutputs) {
  Options options = Hdf5();
  options.kind = "regression";
  options.standardize = true;
  const Dataset data = LoadWritten(
      [](Writer& writer) {
        writer.Add("x", {2}, std::span(kX, 2));
        writer.Add("y", {2, 3}, kX);
      },
      options);
  EXPECT_EQ(data.inputs, 1u);
  EXPECT_EQ(data.outputs, 3u);
  EXPECT_EQ(data.supervised, 3u);
  EXPECT_THAT(data.train.x, ElementsAre(-1, 1));
  EXPECT_THAT(data.train.targets, ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST_F(Hdf5Test, CompressedDataSetsAreRead) {
  const std::vector<float> zeros(200'000, 0.0f);
  const Dataset data = LoadWritten(
      [&](Writer& writer) {
        writer.Add("x", {2, 100'000}, H5T_NATIVE_FLOAT, zeros.data(), 2);
        writer.Add("y", std::span(kY, 2));
      },
      Hdf5());
  EXPECT_EQ(data.inputs, 100'000u);
}

TEST_F(Hdf5Test, FilesThatAreNoHdf5) {
  Options options = Hdf5();
  testing::internal::CaptureStderr();
  ExpectLoadError(options, {Fault::kInput, options.path, "no such file", "check the path"});
  Write("data.h5", "a,b,c\n1,2,3\n");
  ExpectLoadError(options, {Fault::kInput, options.path, "is no HDF5 file", "h5ls"});
  Write("data.h5", "");
  ExpectLoadError(options, {Fault::kInput, options.path, "is empty", "holds data"});
  std::filesystem::remove(options.path);
  std::filesystem::create_directory(options.path);
  ExpectLoadError(options, {Fault::kInput, options.path, "is a directory", "name a file"});
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

// A compressed data set of inputs, and labels of two classes.
void FillCompressed(Writer& writer) {
  const std::vector<double> x(4000, 1.0);
  std::vector<std::int32_t> y(2000);
  y[0] = 1;
  writer.Add("x", {2000, 2}, H5T_NATIVE_DOUBLE, x.data(), 100);
  writer.Add("y", y);
}

std::string BytesOf(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST_F(Hdf5Test, TruncatedFiles) {
  const Options options = Hdf5();
  LoadWritten(FillCompressed, options);
  const std::string whole = BytesOf(options.path);
  testing::internal::CaptureStderr();
  for (const std::size_t size : {whole.size() - 1, whole.size() / 2, std::size_t{100}}) {
    Write("data.h5", whole.substr(0, size));
    ExpectLoadError(options, {Fault::kInput, options.path, "is no HDF5 file", "h5ls"});
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

// In the newer format of HDF5, whose metadata have checksums; the older one has none.
TEST_F(Hdf5Test, DamagedFilesAreErrorsOrHarmless) {
  const Options options = Hdf5();
  {
    Writer writer(options.path, /*checksums=*/true);
    FillCompressed(writer);
  }
  const std::string whole = BytesOf(options.path);
  testing::internal::CaptureStderr();
  int errors = 0;
  for (std::size_t i = 0; i < whole.size(); i += i < 1000 ? 7 : 61) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(~damaged[i]);
    Write("data.h5", damaged);
    try {
      Load(options);
    } catch (const Error& error) {
      ++errors;
      EXPECT_EQ(error.fault(), Fault::kInput) << i;
      EXPECT_THAT(error.place(), ::testing::StartsWith(options.path));
    }
  }
  EXPECT_GT(errors, 20);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST_F(Hdf5Test, ChunksThatAreTooLargeAreDamage) {
  const Options options = Hdf5();
  LoadWritten(FillCompressed, options);
  std::string bytes = BytesOf(options.path);
  // The extents of a chunk of x, and the size of a double.
  const std::size_t chunk = bytes.find(std::string("\x64\0\0\0\x02\0\0\0\x08\0\0\0", 12));
  ASSERT_NE(chunk, std::string::npos);
  bytes[chunk + 5] = '\x7f';
  Write("data.h5", bytes);
  ExpectLoadError(options, {Fault::kInput, options.path + ":x", "chunks are damaged", "anew"});
}

TEST_F(Hdf5Test, BadDataSets) {
  const auto y = [](Writer& writer) { writer.Add("y", kY); };
  ExpectBad(y, "x", "no data set \"x\"", "data.columns");
  ExpectBad([](Writer& w) { w.Add("x", {3, 2}, kX); }, "y", "no data set \"y\"", "data.target");
  ExpectBad([&](Writer& w) { y(w), w.Add("x", {2, 3}, kX); }, "y", "has 3 rows", "one row a point");
  ExpectBad([&](Writer& w) { y(w), w.Add("x", {}, H5T_NATIVE_DOUBLE, kX); }, "x", "single value",
            "first axis");
  ExpectBad(
      [&](Writer& w) {
        y(w), w.Add("x", {0, 2}, H5T_NATIVE_DOUBLE);
      },
      "x", "is empty", "two points");
  const char text[] = "abc";
  ExpectBad([&](Writer& w) { y(w), w.Add("x", {3}, H5T_C_S1, text); }, "x", "no numbers",
            "integers or floats");
  const double bad[] = {1, 2, std::nan(""), 4, 5, 6};
  ExpectBad([&](Writer& w) { y(w), w.Add("x", {3, 2}, bad); }, "x", "point 1 (from 0)", "drop");
  const double huge[] = {1, 2, 3, 4, 5, 1e39};
  ExpectBad([&](Writer& w) { y(w), w.Add("x", {3, 2}, huge); }, "x", "point 2 (from 0)", "drop");
}

TEST_F(Hdf5Test, BadTargets) {
  const auto x = [](Writer& writer) { writer.Add("x", {3, 2}, kX); };
  ExpectBad(
      [&](Writer& w) {
        x(w), w.Add("y", {3, 2}, kX);
      },
      "y", "one whole number", "regression");
  const double halves[] = {0.5, 1, 2};
  ExpectBad([&](Writer& w) { x(w), w.Add("y", {3}, halves); }, "y", "one whole number",
            "regression");
  const double infinite[] = {1, std::numeric_limits<double>::infinity(), 2};
  ExpectBad([&](Writer& w) { x(w), w.Add("y", {3}, infinite); }, "y", "point 1", "drop",
            "regression");
  const std::int32_t same[] = {3, 3, 3};
  ExpectBad([&](Writer& w) { x(w), w.Add("y", same); }, "y", "of one class", "two classes");
  ExpectBad(
      [&](Writer& w) {
        x(w), w.Add("y", kY), w.Add("x_test", {3, 2}, kX);
      },
      "y_test", "no data set", "h5ls");
  ExpectBad(
      [&](Writer& w) {
        x(w), w.Add("y", kY), w.Add("x_test", {2, 3}, kX), w.Add("y_test", std::span(kY, 2));
      },
      "x_test", "has 3 values a point", "same shape");
}

TEST_F(Hdf5Test, ExtentsWithoutDataAllocateNothing) {
  ExpectBad(
      [](Writer& w) {
        w.Add("y", kY);
        w.Add("x", {hsize_t{1} << 40, 1000}, H5T_NATIVE_DOUBLE, nullptr, 1);
      },
      "x", "but only 0 bytes are stored", "write all of its values");
}

}  // namespace
}  // namespace crease::data
