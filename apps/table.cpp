#include "apps/table.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "apps/output.h"
#include "apps/text.h"

namespace crease::apps {

void Table::AddColumn(std::string title, bool number) {
  widths_.push_back(DisplayWidth(title));
  titles_.push_back(std::move(title));
  numbers_.push_back(number);
}

void Table::AddRow(std::vector<std::string> cells) {
  assert(cells.size() == titles_.size());
  rows_.push_back(std::move(cells));
}

void Table::Print(std::ostream& out) {
  for (std::size_t column = 0; column < titles_.size(); ++column) {
    for (const auto& row : rows_) {
      widths_[column] = std::max(widths_[column], DisplayWidth(row[column]));
    }
  }
  if (!titles_printed_) PrintLine(out, titles_, true);
  titles_printed_ = true;
  for (const auto& row : rows_) PrintLine(out, row, false);
  rows_.clear();
}

void Table::PrintLine(std::ostream& out, const std::vector<std::string>& cells, bool bold) const {
  std::string line;
  for (std::size_t column = 0; column < cells.size(); ++column) {
    const std::string space(widths_[column] - DisplayWidth(cells[column]), ' ');
    if (column > 0) line += "  ";
    line += numbers_[column] ? space + cells[column] : cells[column] + space;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  out << (bold ? Bold(line) : line) << '\n';
}

}  // namespace crease::apps
