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
  std::int64_t points = 0;      // spiral 400, octants 800, sectors 400, random_labels 16
  double turns = 1.0;           // spiral: turns of an arm
  double noise = 0.0;           // spiral: standard deviation of the Gaussian noise added to x
  std::int64_t sectors = 8;     // sectors: number of alternating equal sectors, even
  std::int64_t inputs = 0;      // random_labels 2, toy_regression 4: dimensions of x
  std::int64_t classes = 2;     // random_labels: number of classes
  std::string source = "gaussian";  // random_labels: gaussian, or the task whose images to take
  std::int64_t supervised = 1;  // toy_regression: how many coordinates the loss sees
  double sigma = 20.0;          // toy_regression: standard deviation of x
  std::int64_t subset = 0;      // real data: use only this many training points (0: all)
  std::int64_t data_seed = 0;   // seed of everything random about the data

  // The user's own files (tasks csv, hdf5, idx). Relative paths start at the sweep file.
  std::string path;         // csv, hdf5: the file; idx: the images
  std::string labels;       // idx: the file of labels
  std::string test_path;    // as path, for the test split ("": none)
  std::string test_labels;  // as labels, for the test split
  std::string columns;      // csv: comma-separated input columns ("": all but the target);
                            // hdf5: name of the data set of inputs ("": "x")
  std::string target;       // csv: target column ("": the last); hdf5: its data set ("": "y")
  std::string kind = "classification";  // of the user's data: classification | regression
  bool standardize = false;  // the user's data: inputs to mean 0, sd 1 (of the training split)
};

}  // namespace crease::data
