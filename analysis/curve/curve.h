// In: a CSV file of any tool. Out: one curve, steps and values.
#pragma once

#include <cstddef>
#include <istream>
#include <string>
#include <vector>

namespace crease::curve {

struct CsvOptions {
  std::string column;       // "": see ReadCsv; a name of the header, or a number counted from 1
  std::string step_column;  // "": see ReadCsv; the same, or "row" for the rows' numbers
};

struct Curve {
  std::vector<double> steps;  // strictly increasing
  std::vector<float> values;  // finite; as many as steps; the file's are values[i] * unit
  double unit = 1;            // a power of two, 1 wherever single precision holds the file's values
  std::string column;         // what was read: name, or number without a header
  std::string step_column;    // "row" if the rows were counted (from 0)
  bool is_guess = false;      // other columns could have been the values as well

  // Rows that are not among the values, by the reason.
  std::size_t skipped_rows = 0;     // a cell is empty, NaN, infinite, or missing at the line's end
  std::size_t superseded_rows = 0;  // their step was logged again, or an earlier one was, later
  std::size_t first_superseding_line = 0;  // of the file, from 1; 0 if there is none
  std::size_t extreme_rows = 0;  // too large or small to be held together with the rest (10^75)
};

// The cells may be separated by commas, semicolons, tabs or blanks, and be quoted; the header is
// optional; lines that begin with # are comments, but one just before the rows may be the header.
//
// Values: the column `loss`, else the first whose name ends in it (train/loss, "run - loss"), else
// `value`, else the only column of numbers that is neither steps nor time, else of several the
// first if there is a column of steps or time, and the second if there is none. Steps: a column
// named step, global_step, _step, steps, iteration, iter or epoch, the first of these words that
// occurs (in any case, also as train/global_step), else a first column without a name, else the
// rows are counted.
//
// Where the steps go back, the run was resumed from an earlier state: of what was logged before,
// the rows from that step on are superseded.
//
// Errors: kSystem if the file cannot be read; kInput with file:line for what is no text (see
// Lines), an empty file, an unknown column, a cell that is no number, a step beyond 10^100,
// steps that span less than 10^-100, that go back to the first, or that supersede more than half of
// the rows: several curves, or rows that are not in order.
Curve ReadCsv(const std::string& path, const CsvOptions& options = {});

// The same of a stream; `name` stands in messages. Peak memory: 30 bytes a row.
Curve ReadCsv(std::istream& stream, const std::string& name, const CsvOptions& options = {});

}  // namespace crease::curve
