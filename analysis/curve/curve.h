// In: a CSV file of any tool. Out: one curve, steps and values.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace crease::curve {

struct CsvOptions {
  std::string column;       // "": see ReadCsv; a name of the header, or a number counted from 1
  std::string step_column;  // "": see ReadCsv; the same, or "row" for the rows' numbers
};

struct Curve {
  std::vector<double> steps;     // strictly increasing
  std::vector<float> values;     // finite; as many as steps
  std::size_t skipped_rows = 0;  // cell empty, NaN, infinite, or missing at the end of a line
  std::string column;            // what was read: name, or number without a header
  std::string step_column;       // "row" if the rows were counted (from 0)
};

// The cells may be separated by commas, semicolons, tabs or blanks, and be quoted; the header is
// optional. Values: the column `loss`, else the only numeric column that is not the steps, else
// the second numeric column. Steps: a column named step, steps, iteration, iter, epoch or
// global_step (in any case), else without a header the first of several columns, else the rows.
// Errors: kSystem if the file cannot be read; kInput with file:line for an empty file, an unknown
// column, a cell that is no number, steps that do not increase.
Curve ReadCsv(const std::string& path, const CsvOptions& options = {});

}  // namespace crease::curve
