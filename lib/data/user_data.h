// The user's own data: tasks csv, hdf5 and idx. All throw Error(kInput) naming the file (and the
// line, or the data set in it) if it is missing or malformed. Requires CheckRanges(options).
#pragma once

#include "lib/data/dataset.h"

namespace crease::data {

// A table, one point a row. The first row is a header if no cell of it is a number, or if
// options.columns or options.target names one of its cells. Columns are given by name, or by
// number from 1. Classes may be words or numbers and are sorted: by value if all are whole
// numbers, else as text. A regression target may be several columns.
Dataset LoadCsv(const Options& options);

// One array of inputs (points, ...) and one of targets: (points) whole numbers for
// classification; (points) or (points, outputs) for regression. The test split comes from
// options.test_path, or else from the data sets of the same names with "_test" behind them.
Dataset LoadHdf5(const Options& options);

// Images (points, ...) and labels (points), or targets (points, outputs) for regression. Inputs
// that are unsigned bytes are scaled to [0, 1]; all others are taken as they are.
Dataset LoadIdx(const Options& options);

}  // namespace crease::data
