// Which data a run trains on: the [data] section of a sweep file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace crease::data {

// Keys that a task does not use keep their defaults and have no effect. 0 means "the task's own
// default" for counts.
struct Options {
  std::string task = "spiral";  // TaskNames() lists all
  // spiral 400, octants 800, sectors 400, random_labels 16 (of images: all; fewer are a seeded
  // choice), toy_regression 1024 (the fixed sample that it is evaluated on).
  std::int64_t points = 0;
  double turns = 1.0;        // spiral: turns of an arm
  double noise = 0.0;        // spiral: standard deviation of the Gaussian noise added to x
  std::int64_t sectors = 8;  // sectors: number of alternating equal sectors, even
  // random_labels 2 (of images: theirs), toy_regression 4: dimensions of x.
  std::int64_t inputs = 0;
  std::int64_t classes = 2;         // random_labels: number of classes
  std::string source = "gaussian";  // random_labels: gaussian, digits, mnist or fashion_mnist
  std::int64_t supervised = 1;      // toy_regression: how many coordinates the loss sees
  double sigma = 20.0;              // toy_regression: standard deviation of x
  // Real and the user's data: train on so many points, the first of a seeded permutation, so that
  // classes are mixed; 0: on all, in the file's order. Standardisation measures all of them.
  std::int64_t subset = 0;
  std::int64_t data_seed = 0;  // seed of everything random about the data

  // The user's own files (tasks csv, hdf5, idx). Relative paths start at the sweep file.
  std::string path;         // csv, hdf5: the file; idx: the images
  std::string labels;       // idx: the file of labels
  std::string test_path;    // as path, for the test split ("": none)
  std::string test_labels;  // as labels, for the test split
  // csv: comma-separated input columns, by name or number from 1 ("": all but the targets);
  // hdf5: name of the data set of inputs ("": "x")
  std::string columns;
  // csv: target column, for regression also several ("": the last); hdf5: its data set ("": "y")
  std::string target;
  std::string kind = "classification";  // of the user's data: classification | regression
  bool standardize = false;  // the user's data: inputs to mean 0, sd 1 (of the training split)
};

}  // namespace crease::data
