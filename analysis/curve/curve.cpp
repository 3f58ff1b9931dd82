#include "analysis/curve/curve.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <fstream>
#include <optional>
#include <string_view>
#include <utility>

#include "analysis/curve/cells.h"
#include "analysis/curve/columns.h"
#include "analysis/curve/lines.h"
#include "analysis/curve/single_precision.h"
#include "lib/core/error.h"

namespace crease::curve {
namespace {

// What is looked at before the columns are chosen.
constexpr std::size_t kSampleRows = 100, kSampleBytes = std::size_t{4} << 20;
// Squares of the steps must be finite, and of the differences not zero.
constexpr double kLargestStep = 1e100, kSmallestRange = 1e-100;
constexpr const char* kOrder =
    "keep one curve a file, its rows sorted by step, or name another column with --step-column "
    "(row counts the rows)";

struct Row {
  std::size_t line = 0;
  std::string text;
};

std::string ShortNumber(double value) {
  std::string text = std::to_string(value);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text;
}

class CsvReader {
 public:
  CsvReader(std::istream& stream, const std::string& name, const CsvOptions& options)
      : lines_(stream, name), options_(options) {}

  Curve Read() {
    ReadFirstLines();
    ChosenColumns chosen = ChooseColumns(sample_, options_.column, options_.step_column);
    step_ = chosen.step;
    value_ = chosen.value;
    curve_.step_column = step_ == kRowNumbers ? "row" : NameOf(sample_, step_);
    curve_.column = NameOf(sample_, value_);
    curve_.is_guess = chosen.is_guess;
    ReadRows();
    KeepFiniteValues();
    return std::move(curve_);
  }

 private:
  std::string Place(std::size_t line) const { return lines_.name() + ":" + std::to_string(line); }

  // The next line that is neither blank nor a comment.
  bool NextRow(std::string_view& line) {
    while (lines_.Next(line)) {
      const std::size_t first = line.find_first_not_of(" \t");
      if (first == std::string_view::npos) continue;
      if (line[first] != '#') return true;
      comment_ = line.substr(first + 1);
    }
    return false;
  }

  void ReadFirstLines() {
    std::string_view line;
    std::size_t bytes = 0;
    std::string header_comment;
    while (first_.size() <= kSampleRows && bytes < kSampleBytes && NextRow(line)) {
      if (first_.empty()) header_comment = comment_;
      first_.push_back({lines_.number(), std::string(line)});
      bytes += line.size();
    }
    if (first_.empty()) {
      throw InputError(lines_.name(), "is empty", "write one line a step: step,loss");
    }
    sample_.place = Place(first_[0].line);
    FindHeader(header_comment);
    FindNumericColumns();
  }

  // Finds the separator and the names: in the first row, or in the comment before it.
  void FindHeader(const std::string& comment) {
    const auto split = [this](const std::string& line) {
      SplitCells(line, separator_, cells_);
      return cells_.size();
    };
    separator_ = FindSeparator(first_[0].text);
    if (separator_ == ' ' && first_.size() > 1) {
      // Blanks may belong to a name.
      const std::size_t count = split(first_[0].text);
      if (split(first_[1].text) != count) separator_ = FindSeparator(first_[1].text);
      if (separator_ == ' ' && split(first_[1].text) == 1) separator_ = ',';
    }
    sample_.count = split(first_[0].text);
    const bool header = std::any_of(cells_.begin(), cells_.end(),
                                    [](std::string_view cell) { return !ParseNumber(cell); });
    if (header) {
      sample_.names.assign(cells_.begin(), cells_.end());
      first_.erase(first_.begin());
      return;
    }
    SplitCells(comment, FindSeparator(comment), cells_);
    if (!comment.empty() && cells_.size() == sample_.count) {
      sample_.names.assign(cells_.begin(), cells_.end());
    }
  }

  void FindNumericColumns() {
    std::vector<char> text(sample_.count, 0), number(sample_.count, 0);
    for (const Row& row : first_) {
      SplitCells(row.text, separator_, cells_, sample_.count);
      for (std::size_t i = 0; i < cells_.size(); ++i) {
        const std::optional<double> value = ParseNumber(cells_[i]);
        text[i] = text[i] || !value;
        number[i] = number[i] || (value && std::isfinite(*value));
      }
    }
    sample_.numeric.resize(sample_.count);
    for (std::size_t i = 0; i < sample_.count; ++i) sample_.numeric[i] = number[i];
    const bool any = std::find(number.begin(), number.end(), 1) != number.end();
    for (std::size_t i = 0; i < sample_.count && !any; ++i) sample_.numeric[i] = !text[i];
  }

  void ReadRows() {
    for (const Row& row : first_) AddRow(row.line, row.text);
    std::string_view line;
    while (NextRow(line)) AddRow(lines_.number(), line);
    if (values_.size() > 1 && curve_.steps.back() - curve_.steps.front() < kSmallestRange) {
      throw InputError(lines_.name(), "its steps span less than 1e-100",
                       "count the rows with --step-column row");
    }
    if (2 * curve_.superseded_rows <= values_.size() + curve_.superseded_rows) return;
    throw InputError(Place(curve_.first_superseding_line),
                     "the numbers of column '" + Printable(curve_.step_column) +
                         "' go back or repeat in more than half of the rows",
                     kOrder);
  }

  void AddRow(std::size_t line_number, std::string_view line) {
    const bool counted = step_ == kRowNumbers;
    SplitCells(line, separator_, cells_, std::max(counted ? 0 : step_, value_) + 1);
    const double step = counted ? static_cast<double>(rows_++) : Number(line_number, step_);
    const double value = Number(line_number, value_);
    if (!std::isfinite(step) || !std::isfinite(value)) {
      ++curve_.skipped_rows;
      return;
    }
    if (!curve_.steps.empty() && !(step > curve_.steps.back())) Supersede(line_number, step);
    if (!(std::abs(step) <= kLargestStep)) {
      throw InputError(Place(line_number), "the step is beyond 1e100",
                       "count the rows with --step-column row");
    }
    curve_.steps.push_back(step);
    values_.push_back(value);
  }

  void Supersede(std::size_t line_number, double step) {
    if (step < curve_.steps.front() || (step == curve_.steps.front() && values_.size() > 1)) {
      throw InputError(Place(line_number),
                       "step " + ShortNumber(step) + " comes after step " +
                           ShortNumber(curve_.steps.back()) +
                           ": the curve begins again, or its "
                           "rows are not in order",
                       kOrder);
    }
    const auto from = std::lower_bound(curve_.steps.begin(), curve_.steps.end(), step);
    const auto kept = static_cast<std::size_t>(from - curve_.steps.begin());
    curve_.superseded_rows += curve_.steps.size() - kept;
    curve_.steps.resize(kept);
    values_.resize(kept);
    if (curve_.first_superseding_line == 0) curve_.first_superseding_line = line_number;
  }

  double Number(std::size_t line_number, std::size_t column) const {
    if (column >= cells_.size()) return std::nan("");
    const std::optional<double> number = ParseNumber(cells_[column]);
    if (number) return *number;
    throw InputError(Place(line_number),
                     "'" + Printable(cells_[column]) + "' in column '" +
                         Printable(NameOf(sample_, column)) + "' is no number",
                     "correct the cell or leave it empty (a decimal point, not a comma), or name "
                     "another column with --column");
  }

  void KeepFiniteValues() {
    SinglePrecision single = ToSinglePrecision(values_);
    curve_.unit = single.unit;
    curve_.extreme_rows = single.out_of_range;
    curve_.values = std::move(single.values);
    if (single.out_of_range == 0) return;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < curve_.values.size(); ++i) {
      if (!std::isfinite(curve_.values[i])) continue;
      curve_.steps[kept] = curve_.steps[i];
      curve_.values[kept++] = curve_.values[i];
    }
    curve_.steps.resize(kept);
    curve_.values.resize(kept);
  }

  Lines lines_;
  const CsvOptions& options_;
  std::vector<Row> first_;  // the sample
  std::string comment_;     // the last one
  char separator_ = ',';
  ColumnSample sample_;
  std::vector<std::string_view> cells_;  // of the last row
  std::size_t step_ = kRowNumbers, value_ = 0, rows_ = 0;
  std::vector<double> values_;
  Curve curve_;
};

}  // namespace

Curve ReadCsv(std::istream& stream, const std::string& name, const CsvOptions& options) {
  return CsvReader(stream, name, options).Read();
}

Curve ReadCsv(const std::string& path, const CsvOptions& options) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw SystemErrorFromErrno(path, "cannot be opened", errno);
  return ReadCsv(file, path, options);
}

}  // namespace crease::curve
