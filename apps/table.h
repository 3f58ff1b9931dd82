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

  bool empty() const { return rows_.empty(); }

  // Columns are as wide as their widest cell and two spaces apart; the titles are bold on a
  // terminal. UTF-8 counts as it shows.
  void Print(std::ostream& out) const;

 private:
  void PrintLine(std::ostream& out, const std::vector<std::string>& cells,
                 const std::vector<std::size_t>& widths, bool bold) const;

  std::vector<std::string> titles_;
  std::vector<bool> numbers_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace crease::apps
