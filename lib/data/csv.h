// Comma-separated text, strictly by RFC 4180: quoted fields, any line ending, UTF-8 with or
// without a byte order mark, blank lines skipped, every row as long as the first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace crease::data {

// Cells are views into the text that the table holds; it can be moved, not copied.
class CsvTable {
 public:
  // Throws Error(kInput) with file:line. `first_line` numbers the first line of `text`.
  CsvTable(std::string path, std::string text, std::size_t first_line = 1);
  CsvTable(CsvTable&&) = default;
  CsvTable& operator=(CsvTable&&) = default;
  CsvTable(const CsvTable&) = delete;

  std::size_t rows() const { return lines_.size(); }
  std::size_t columns() const { return columns_; }
  std::string_view Cell(std::size_t row, std::size_t column) const {
    return cells_[row * columns_ + column];
  }
  const std::string& path() const { return path_; }
  std::string Place(std::size_t row) const;  // file:line where the row begins

 private:
  friend class CsvParser;

  std::string path_;
  std::unique_ptr<const std::string> text_;
  std::deque<std::string> unquoted_;  // cells that had doubled quotes
  std::size_t columns_ = 0;
  std::vector<std::string_view> cells_;  // (rows, columns)
  std::vector<std::size_t> lines_;       // (rows)
};

// How a cell reads as a number.
enum class Numeric { kNumber, kNotFinite, kOutOfRange, kText };

// Independent of the locale; blanks around the number are allowed. kNumber: `value` is finite
// and within the range of float. kNotFinite: nan or inf. kOutOfRange: beyond single precision.
Numeric ParseNumber(std::string_view cell, double& value);

// True for a whole number that fits 64 bits.
bool ParseInteger(std::string_view cell, std::int64_t& value);

std::string_view Trimmed(std::string_view text);  // without blanks and tabs at the ends

// The text for a message: quoted, shortened, unprintable bytes replaced.
std::string Shown(std::string_view text);

}  // namespace crease::data
