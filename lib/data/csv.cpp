#include "lib/data/csv.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "lib/core/error.h"

namespace crease::data {
namespace {

// Bytes of the printable UTF-8 character that the text begins with; 0 if there is none.
std::size_t CharacterLength(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return lead < 0x20 || lead == 0x7f ? 0 : 1;
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) return 0;
  }
  return length;
}

}  // namespace

class CsvParser {
 public:
  CsvParser(CsvTable& table, std::size_t first_line)
      : table_(table), text_(*table.text_), line_(first_line) {
    constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
    if (text_.starts_with(kByteOrderMark)) position_ = kByteOrderMark.size();
  }

  void Parse() {
    const std::size_t zero = text_.find('\0');
    if (zero != std::string_view::npos) {
      const auto lines = std::count(text_.begin(), text_.begin() + static_cast<long>(zero), '\n');
      Fail(line_ + static_cast<std::size_t>(lines), "holds a zero byte, so it is no UTF-8 text",
           "save the table as UTF-8 text, with commas between the columns");
    }
    while (position_ < text_.size()) ParseRow();
    if (table_.rows() == 0) {
      throw InputError(table_.path(), "holds no rows", "give one row of numbers a point");
    }
  }

 private:
  [[noreturn]] void Fail(std::size_t line, const std::string& what, const std::string& remedy) {
    throw InputError(table_.path() + ":" + std::to_string(line), what, remedy);
  }

  void ParseRow() {
    const std::size_t row_line = line_, begin = position_, first_cell = table_.cells_.size();
    do {
      table_.cells_.push_back(text_[position_] == '"' ? QuotedCell() : PlainCell());
    } while (AtComma());
    const bool blank = Trimmed(text_.substr(begin, position_ - begin)).empty();
    SkipLineEnd();
    if (blank) {
      table_.cells_.resize(first_cell);
      return;
    }
    const std::size_t columns = table_.cells_.size() - first_cell;
    if (table_.rows() == 0) table_.columns_ = columns;
    if (columns != table_.columns_) {
      Fail(row_line,
           "has " + std::to_string(columns) + " columns where the first row has " +
               std::to_string(table_.columns_),
           "give every row the same number of columns; put text that holds commas in quotes");
    }
    table_.lines_.push_back(row_line);
  }

  // Leaves the position behind the cell; a comma at the very end opens one more, empty cell.
  bool AtComma() {
    if (position_ >= text_.size() || text_[position_] != ',') return false;
    ++position_;
    if (position_ < text_.size()) return true;
    table_.cells_.emplace_back();
    return false;
  }

  std::string_view PlainCell() {
    const std::size_t begin = position_;
    for (; position_ < text_.size(); ++position_) {
      const char c = text_[position_];
      if (c == ',' || c == '\n' || c == '\r') break;
      if (c == '"') {
        Fail(line_, "a quote stands inside a cell that does not begin with one",
             "quote the whole cell and double the quotes inside it");
      }
    }
    return text_.substr(begin, position_ - begin);
  }

  std::string_view QuotedCell() {
    const std::size_t first_line = line_, begin = ++position_;
    bool doubled = false;
    for (;; ++position_) {
      if (position_ >= text_.size()) {
        Fail(first_line, "a quoted cell begins here and never ends", "close the quote");
      }
      const char c = text_[position_];
      if (c == '\n') ++line_;
      if (c != '"') continue;
      if (position_ + 1 >= text_.size() || text_[position_ + 1] != '"') break;
      doubled = true;
      ++position_;
    }
    const std::string_view cell = text_.substr(begin, position_ - begin);
    ++position_;
    if (position_ < text_.size() &&
        std::string_view(",\r\n").find(text_[position_]) == std::string_view::npos) {
      Fail(line_, "text follows a closing quote", "double the quotes inside a quoted cell");
    }
    return doubled ? Undoubled(cell) : cell;
  }

  std::string_view Undoubled(std::string_view cell) {
    std::string& text = table_.unquoted_.emplace_back();
    for (std::size_t i = 0; i < cell.size(); ++i) {
      text += cell[i];
      if (cell[i] == '"') ++i;
    }
    return text;
  }

  void SkipLineEnd() {
    if (position_ >= text_.size()) return;
    const bool pair = text_.substr(position_, 2) == "\r\n";
    position_ += pair ? 2 : 1;
    ++line_;
  }

  CsvTable& table_;
  std::string_view text_;
  std::size_t position_ = 0, line_;
};

CsvTable::CsvTable(std::string path, std::string text, std::size_t first_line)
    : path_(std::move(path)), text_(std::make_unique<const std::string>(std::move(text))) {
  CsvParser(*this, first_line).Parse();
}

std::string CsvTable::Place(std::size_t row) const {
  return path_ + ":" + std::to_string(lines_[row]);
}

std::string_view Trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

Numeric ParseNumber(std::string_view cell, double& value) {
  std::string_view text = Trimmed(cell);
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (rest != end || error == std::errc::invalid_argument) return Numeric::kText;
  if (error == std::errc::result_out_of_range) {
    // A wider exponent tells an underflow, which is 0, from an overflow.
    long double wide = 0.0L;
    const auto again = std::from_chars(text.data(), end, wide);
    if (again.ec != std::errc() || std::fabs(wide) > 1.0L) return Numeric::kOutOfRange;
    value = 0.0;
  }
  if (!std::isfinite(value)) return Numeric::kNotFinite;
  const bool fits = std::fabs(value) <= static_cast<double>(std::numeric_limits<float>::max());
  return fits ? Numeric::kNumber : Numeric::kOutOfRange;
}

bool ParseInteger(std::string_view cell, std::int64_t& value) {
  std::string_view text = Trimmed(cell);
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  return rest == end && error == std::errc();
}

std::string Shown(std::string_view text) {
  constexpr std::size_t kMost = 40;
  std::string shown;
  while (!text.empty() && shown.size() < kMost) {
    const std::size_t length = CharacterLength(text);
    shown += length == 0 ? "?" : std::string(text.substr(0, length));
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return '"' + shown + (text.empty() ? "\"" : "...\"");
}

}  // namespace crease::data
