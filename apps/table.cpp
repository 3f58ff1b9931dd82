#include "apps/table.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "apps/output.h"
#include "apps/text.h"

namespace crease::apps {

void Table::AddColumn(std::string title, bool number) {
  titles_.push_back(std::move(title));
  numbers_.push_back(number);
}

void Table::AddRow(std::vector<std::string> cells) {
  assert(cells.size() == titles_.size());
  rows_.push_back(std::move(cells));
}

void Table::Print(std::ostream& out) const {
  std::vector<std::size_t> widths;
  for (std::size_t column = 0; column < titles_.size(); ++column) {
    std::size_t width = DisplayWidth(titles_[column]);
    for (const auto& row : rows_) width = std::max(width, DisplayWidth(row[column]));
    widths.push_back(width);
  }
  PrintLine(out, titles_, widths, true);
  for (const auto& row : rows_) PrintLine(out, row, widths, false);
}

void Table::PrintLine(std::ostream& out, const std::vector<std::string>& cells,
                      const std::vector<std::size_t>& widths, bool bold) const {
  std::string line;
  for (std::size_t column = 0; column < cells.size(); ++column) {
    const std::string space(widths[column] - DisplayWidth(cells[column]), ' ');
    if (column > 0) line += "  ";
    line += numbers_[column] ? space + cells[column] : cells[column] + space;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  out << (bold ? Bold(line) : line) << '\n';
}

}  // namespace crease::apps
