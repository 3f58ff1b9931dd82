#include "lib/data/published.h"

#include <cassert>
#include <cstdlib>
#include <sys/stat.h>
#include <utility>

#include "lib/core/error.h"
#include "lib/core/hash.h"
#include "lib/data/bytes.h"
#include "lib/data/csv.h"
#include "lib/data/idx.h"
#include "lib/data/transform.h"
#include "lib/data/validate.h"

namespace crease::data {
namespace {

constexpr char kSklearnDirectory[] = "/usr/lib/python3/dist-packages/sklearn/datasets/data";
constexpr char kInstallSklearn[] = "apt-get install python3-sklearn";

constexpr std::size_t kDigitsTrainingPoints = 1437;

struct ImageFiles {
  const char* install;
  PublishedFile train_images, train_labels, test_images, test_labels;
};

const ImageFiles kMnist = {
    "run apps/get-mnist.sh",
    {"train-images-idx3-ubyte", "e12946a8ab9bd74359bf22c057c52478"},
    {"train-labels-idx1-ubyte", "81c6f5433a9d34628839fd1c4bb36825"},
    {"t10k-images-idx3-ubyte", "a912d49f199ea2d36aa8aa9c0102c17c"},
    {"t10k-labels-idx1-ubyte", "507d8d921945ef3663c4bd8be7e7204f"},
};

const ImageFiles kFashionMnist = {
    "apt-get install dataset-fashion-mnist",
    {"train-images-idx3-ubyte", "e5a664e2905b9295ca72265d7c26283b"},
    {"train-labels-idx1-ubyte", "48a2c630b815ef5a775518db990ebf87"},
    {"t10k-images-idx3-ubyte", "00620a3fbea59460a60baf710224b311"},
    {"t10k-labels-idx1-ubyte", "ca8383985fa2cbc620515cb4512a5b03"},
};

const PublishedFile kDigits = {"digits.csv", "c0190c36d374a46af13d279cdb7a84f5"};

PublishedFile TableFile(const std::string& task) {
  if (task == "iris") return {"iris.csv", "55530f128b3c45d7525392e91fa98775"};
  if (task == "wine") return {"wine_data.csv", "6d867c4e76652f5380619124ba57feb4"};
  assert(task == "breast_cancer");
  return {"breast_cancer.csv", "85d34af5369d71c348efe04d7ebc2c36"};
}

std::string Environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

bool Exists(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0;
}

// What replaces a damaged file: apt-get leaves the files of an installed package alone.
std::string Reinstall(std::string install) {
  const std::string apt = "apt-get install ";
  if (install.starts_with(apt)) install.insert(apt.size(), "--reinstall ");
  return "delete it, then " + install;
}

std::string Find(const PublishedFile& file, const std::vector<std::string>& directories,
                 const std::string& install) {
  std::string tried;
  for (const std::string& directory : directories) {
    std::string path = directory + "/" + file.name;
    if (Exists(path)) return path;
    path += ".gz";
    if (Exists(path)) return path;
    tried += (tried.empty() ? "" : ", ") + directory;
  }
  throw InputError(file.name, "this file of the data set is in none of " + tried, install);
}

Split ImageSplit(const IdxArray& images, const IdxArray& labels) {
  Split split;
  split.points = images.points();
  const auto pixel = [&](std::size_t i) { return images.Value(i) / 255.0; };
  split.x = ToInputs(split.points, images.values_per_point(), pixel, {});
  split.labels.resize(split.points);
  for (std::size_t i = 0; i < split.points; ++i) {
    split.labels[i] = static_cast<std::int32_t>(labels.Value(i));
  }
  return split;
}

Dataset LoadIdxImages(const std::string& task, const ImageFiles& files) {
  const std::vector<std::string> directories = PublishedDirectories(task);
  const auto read = [&](const PublishedFile& images, const PublishedFile& labels) {
    const IdxArray pixels(images.name, ReadPublished(images, directories, files.install));
    return ImageSplit(pixels,
                      IdxArray(labels.name, ReadPublished(labels, directories, files.install)));
  };
  Dataset dataset;
  dataset.task = task;
  dataset.inputs = PublishedInputs(task);
  dataset.outputs = 10;
  dataset.train = read(files.train_images, files.train_labels);
  dataset.test = read(files.test_images, files.test_labels);
  return dataset;
}

struct Table {
  std::vector<double> x;  // (points, inputs)
  std::vector<std::int32_t> labels;
  std::size_t inputs = 0;
};

// Rows of numbers, the class last. The digest was right, so the numbers are.
Table ReadTable(const PublishedFile& file, std::string text, std::size_t first_line) {
  const CsvTable csv(file.name, std::move(text), first_line);
  Table table;
  table.inputs = csv.columns() - 1;
  for (std::size_t row = 0; row < csv.rows(); ++row) {
    double value = 0.0;
    for (std::size_t column = 0; column < csv.columns(); ++column) {
      [[maybe_unused]] const Numeric numeric = ParseNumber(csv.Cell(row, column), value);
      assert(numeric == Numeric::kNumber);
      if (column < table.inputs) table.x.push_back(value);
    }
    table.labels.push_back(static_cast<std::int32_t>(value));
  }
  return table;
}

Dataset LoadDigits() {
  const std::string text = ReadPublished(kDigits, PublishedDirectories("digits"), kInstallSklearn);
  const Table table = ReadTable(kDigits, text, 1);
  const auto split = [&](std::size_t begin, std::size_t end) {
    const auto level = [&](std::size_t i) { return table.x[begin * table.inputs + i] / 16.0; };
    Split result;
    result.points = end - begin;
    result.x = ToInputs(result.points, table.inputs, level, {});
    result.labels.assign(table.labels.begin() + static_cast<std::ptrdiff_t>(begin),
                         table.labels.begin() + static_cast<std::ptrdiff_t>(end));
    return result;
  };
  Dataset dataset;
  dataset.task = "digits";
  dataset.inputs = table.inputs;
  dataset.outputs = 10;
  dataset.train = split(0, kDigitsTrainingPoints);
  dataset.test = split(kDigitsTrainingPoints, table.labels.size());
  return dataset;
}

}  // namespace

std::vector<std::string> PublishedDirectories(const std::string& task) {
  std::vector<std::string> directories;
  const std::string own = Environment("CREASE_DATA_DIR"), home = Environment("HOME");
  std::string shared = Environment("XDG_DATA_HOME");
  if (shared.empty() && !home.empty()) shared = home + "/.local/share";
  if (!own.empty()) directories.push_back(own + "/" + task);
  if (!shared.empty()) directories.push_back(shared + "/crease/" + task);
  directories.push_back("/usr/local/share/crease/" + task);
  if (task == "fashion_mnist") directories.emplace_back("/usr/share/datasets/fashion-mnist");
  if (task == "digits" || IsTableTask(task)) directories.emplace_back(kSklearnDirectory);
  return directories;
}

std::string ReadPublished(const PublishedFile& file, const std::vector<std::string>& directories,
                          const std::string& install) {
  const std::string path = Find(file, directories, install);
  const std::string remedy = Reinstall(install);
  std::string bytes;
  try {
    bytes = ReadFileDecompressed(path);
  } catch (const Error& error) {
    if (error.fault() != Fault::kInput) throw;
    throw DamagedError(path, error.problem(), remedy);
  }
  const std::string digest = HexDigestOf(bytes);
  if (digest == file.digest) return bytes;
  throw DamagedError(
      path, "is not the published file: its XXH3 is " + digest + " instead of " + file.digest,
      remedy);
}

std::size_t PublishedTrainingPoints(const std::string& image_task) {
  return image_task == "digits" ? kDigitsTrainingPoints : 60000;
}

std::size_t PublishedInputs(const std::string& image_task) {
  return image_task == "digits" ? 64 : 784;
}

Dataset LoadImages(const std::string& task) {
  assert(IsImageTask(task));
  if (task == "digits") return LoadDigits();
  return LoadIdxImages(task, task == "mnist" ? kMnist : kFashionMnist);
}

Dataset LoadTable(const std::string& task) {
  const PublishedFile file = TableFile(task);
  const std::string text = ReadPublished(file, PublishedDirectories(task), kInstallSklearn);
  // The first line holds counts and the names of the classes.
  const Table table = ReadTable(file, text.substr(text.find('\n') + 1), 2);
  const auto value = [&](std::size_t i) { return table.x[i]; };
  Dataset dataset;
  dataset.task = task;
  dataset.inputs = table.inputs;
  dataset.outputs = task == "breast_cancer" ? 2 : 3;
  dataset.train.points = table.labels.size();
  dataset.train.labels = table.labels;
  dataset.train.x = ToInputs(dataset.train.points, table.inputs, value,
                             MeasureStandardization(dataset.train.points, table.inputs, value));
  return dataset;
}

}  // namespace crease::data
