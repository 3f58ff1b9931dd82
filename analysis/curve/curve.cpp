#include "analysis/curve/curve.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <fstream>
#include <optional>
#include <string_view>
#include <utility>

#include "analysis/curve/cells.h"
#include "lib/core/error.h"

namespace crease::curve {
namespace {

constexpr std::size_t kRowNumbers = static_cast<std::size_t>(-1);

bool IsStepName(std::string_view name) {
  for (const std::string_view known :
       {"step", "steps", "iteration", "iter", "epoch", "global_step"}) {
    if (EqualIgnoringCase(name, known)) return true;
  }
  return false;
}

class CsvReader {
 public:
  CsvReader(const std::string& path, const CsvOptions& options)
      : path_(path), options_(options), file_(path, std::ios::binary) {
    if (!file_) throw SystemErrorFromErrno(path, "cannot be opened", errno);
  }

  Curve Read() {
    ReadFirstLines();
    ChooseColumns();
    ReadRows();
    if (file_.bad()) throw SystemErrorFromErrno(path_, "cannot be read", errno);
    return std::move(curve_);
  }

 private:
  std::string Place() const { return path_ + ":" + std::to_string(line_number_); }

  // The next line that is not blank, without its end.
  bool NextLine() {
    while (std::getline(file_, line_)) {
      ++line_number_;
      if (!line_.empty() && line_.back() == '\r') line_.pop_back();
      if (line_number_ == 1 && line_.starts_with("\xEF\xBB\xBF")) line_.erase(0, 3);
      if (line_.find_first_not_of(" \t") != std::string::npos) return true;
    }
    return false;
  }

  // Finds the separator, the header, and which columns hold numbers in the first row.
  void ReadFirstLines() {
    if (!NextLine()) {
      throw InputError(path_, "is empty", "write one line a step: step,loss");
    }
    if (line_.front() == '#') line_.erase(0, 1);
    separator_ = FindSeparator(line_);
    SplitCells(line_, separator_, cells_);
    bool header = false;
    for (const std::string_view cell : cells_) header = header || !ParseNumber(cell);
    if (header) {
      names_.assign(cells_.begin(), cells_.end());
      has_row_ = NextLine();
      if (has_row_) SplitCells(line_, separator_, cells_);
    } else {
      has_row_ = true;
    }
    columns_ = header ? names_.size() : cells_.size();
    for (std::size_t i = 0; i < columns_; ++i) {
      const bool number = !has_row_ || i >= cells_.size() || ParseNumber(cells_[i]).has_value();
      if (number) numeric_.push_back(i);
    }
  }

  std::string NameOf(std::size_t column) const {
    return names_.empty() ? std::to_string(column + 1) : names_[column];
  }

  std::size_t Find(const std::string& name, const char* option) const {
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if (names_[i] == name) return i;
    }
    const std::optional<double> number = ParseNumber(name);
    for (std::size_t i = 0; number && i < columns_; ++i) {
      if (static_cast<double>(i + 1) == *number) return i;
    }
    std::string known;
    for (std::size_t i = 0; i < columns_; ++i) known += (i == 0 ? "" : ", ") + NameOf(i);
    throw InputError(path_ + ":1", "there is no column '" + name + "'",
                     std::string("give ") + option + " one of: " + known);
  }

  void ChooseColumns() {
    step_ = ChooseStep();
    value_ = ChooseValue();
    curve_.step_column = step_ == kRowNumbers ? "row" : NameOf(step_);
    curve_.column = NameOf(value_);
  }

  std::size_t ChooseStep() const {
    const std::string& asked = options_.step_column;
    const bool named = std::find(names_.begin(), names_.end(), asked) != names_.end();
    if (asked == "row" && !named) return kRowNumbers;
    if (!asked.empty()) return Find(asked, "--step-column");
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if (IsStepName(names_[i]) && names_[i] != options_.column) return i;
    }
    const bool first_is_value = options_.column == "1";
    return names_.empty() && columns_ > 1 && !first_is_value ? 0 : kRowNumbers;
  }

  std::size_t ChooseValue() const {
    if (!options_.column.empty()) return Find(options_.column, "--column");
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if (EqualIgnoringCase(names_[i], "loss")) return i;
    }
    std::vector<std::size_t> candidates;
    for (const std::size_t i : numeric_) {
      if (i != step_) candidates.push_back(i);
    }
    if (candidates.empty()) {
      throw InputError(Place(), "there is no column of numbers", "name one with --column");
    }
    if (candidates.size() == 1 || numeric_[1] == step_) return candidates[0];
    return numeric_[1];
  }

  void ReadRows() {
    for (std::size_t row = 0; has_row_; ++row) {
      SplitCells(line_, separator_, cells_);
      const double step = step_ == kRowNumbers ? static_cast<double>(row) : Number(step_);
      // The curve is kept in single precision; what overflows there is no value either.
      const auto value = static_cast<float>(Number(value_));
      if (std::isfinite(step) && std::isfinite(value)) {
        RequireIncrease(step);
        curve_.steps.push_back(step);
        curve_.values.push_back(value);
      } else {
        ++curve_.skipped_rows;
      }
      has_row_ = NextLine();
    }
  }

  double Number(std::size_t column) const {
    if (column >= cells_.size()) return std::nan("");
    const std::optional<double> number = ParseNumber(cells_[column]);
    if (number) return *number;
    throw InputError(
        Place(),
        "'" + std::string(cells_[column]) + "' in column '" + NameOf(column) + "' is no number",
        "correct the cell or leave it empty (a decimal point, not a comma), or name "
        "another column with --column");
  }

  void RequireIncrease(double step) const {
    if (curve_.steps.empty() || step > curve_.steps.back()) return;
    throw InputError(
        Place(),
        "step " + std::to_string(step) + " comes after step " + std::to_string(curve_.steps.back()),
        "sort the rows and keep one a step, or count the rows with --step-column row");
  }

  std::string path_;
  const CsvOptions& options_;
  std::ifstream file_;
  std::string line_;
  std::size_t line_number_ = 0;
  char separator_ = ',';
  std::vector<std::string> names_;       // of the header; empty without one
  std::vector<std::string_view> cells_;  // of line_
  std::vector<std::size_t> numeric_;     // columns that hold numbers in the first row
  std::size_t columns_ = 0, step_ = 0, value_ = 0;
  bool has_row_ = false;  // line_ holds a row that is not yet read
  Curve curve_;
};

}  // namespace

Curve ReadCsv(const std::string& path, const CsvOptions& options) {
  return CsvReader(path, options).Read();
}

}  // namespace crease::curve
