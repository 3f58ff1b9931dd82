// In: the header and the first rows of a CSV file. Out: which columns are the steps and the values.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace crease::curve {

inline constexpr std::size_t kRowNumbers = static_cast<std::size_t>(-1);

struct ColumnSample {
  std::vector<std::string> names;  // of the header; empty without one
  std::size_t count = 0;           // of columns
  // By column, in the first rows: 1 if there is a finite number in it (text beside numbers is a
  // fault that the reading of all rows names); if there is none anywhere, 1 if there is no text.
  std::vector<char> numeric;
  std::string place;  // file:line, for messages
};

struct ChosenColumns {
  std::size_t step = kRowNumbers;
  std::size_t value = 0;
  bool is_guess = false;  // several columns could have been the values
};

// What a message calls the column: its name, or its number from 1.
std::string NameOf(const ColumnSample& sample, std::size_t column);

// `column` and `step_column` as in CsvOptions, the rules as at ReadCsv. Errors: kInput.
ChosenColumns ChooseColumns(const ColumnSample& sample, const std::string& column,
                            const std::string& step_column);

}  // namespace crease::curve
