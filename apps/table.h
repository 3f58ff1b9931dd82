// A table with aligned columns.
#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace crease::apps {

class Table {
 public:
  // Numbers stand to the right, names to the left.
  void AddColumn(std::string title, bool number = true);

  // Requires: as many cells as columns.
  void AddRow(std::vector<std::string> cells);

  bool empty() const { return rows_.empty(); }  // of rows that are not printed yet

  // Prints the rows added since the last call, the first time under the titles, which are bold on
  // a terminal. Columns are two spaces apart and as wide as their widest cell so far, counting
  // UTF-8 as it shows.
  void Print(std::ostream& out);

 private:
  void PrintLine(std::ostream& out, const std::vector<std::string>& cells, bool bold) const;

  std::vector<std::string> titles_;
  std::vector<bool> numbers_;
  std::vector<std::size_t> widths_;
  bool titles_printed_ = false;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace crease::apps
