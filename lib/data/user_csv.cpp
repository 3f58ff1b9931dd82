#include <optional>
#include <set>
#include <utility>

#include "lib/core/error.h"
#include "lib/data/bytes.h"
#include "lib/data/csv.h"
#include "lib/data/transform.h"
#include "lib/data/user_data.h"

namespace crease::data {
namespace {

std::vector<std::string> SplitList(const char* key, const std::string& list) {
  std::vector<std::string> names;
  if (list.empty()) return names;
  std::string_view rest = list;
  for (bool more = true; more;) {
    const std::size_t comma = rest.find(',');
    more = comma != std::string_view::npos;
    names.emplace_back(Trimmed(rest.substr(0, comma)));
    if (names.back().empty()) {
      throw InputError(key, "\"" + list + "\" has an empty entry",
                       "give names or numbers of columns, with commas between them");
    }
    if (more) rest.remove_prefix(comma + 1);
  }
  return names;
}

// A file and whether its first row names the columns.
struct Table {
  CsvTable csv;
  bool header = false;
  std::size_t points() const { return csv.rows() - (header ? 1 : 0); }
  std::size_t Row(std::size_t point) const { return point + (header ? 1 : 0); }
  std::string Name(std::size_t column) const {
    if (!header) return std::to_string(column + 1);
    return Shown(Trimmed(csv.Cell(0, column)));
  }
};

bool IsHeader(const CsvTable& csv, const std::vector<std::string>& named) {
  bool any_number = false;
  for (std::size_t column = 0; column < csv.columns(); ++column) {
    double value = 0.0;
    any_number = any_number || ParseNumber(csv.Cell(0, column), value) != Numeric::kText;
    for (const std::string& name : named) {
      std::int64_t number = 0;
      if (!ParseInteger(name, number) && Trimmed(csv.Cell(0, column)) == name) return true;
    }
  }
  return !any_number;
}

Table ReadTable(const std::string& path, const std::vector<std::string>& named) {
  Table table{CsvTable(path, ReadFileDecompressed(path))};
  table.header = IsHeader(table.csv, named);
  if (table.points() == 0) {
    throw InputError(path, "holds a header and no rows", "give one row of numbers a point");
  }
  return table;
}

// All names, for a remedy.
std::string ColumnNames(const Table& table) {
  constexpr std::size_t kMost = 20;
  std::string names;
  for (std::size_t column = 0; column < table.csv.columns() && column < kMost; ++column) {
    names += (column == 0 ? "" : ", ") + table.Name(column);
  }
  return names + (table.csv.columns() > kMost ? ", ..." : "");
}

std::size_t FindColumn(const Table& table, const std::string& name) {
  std::optional<std::size_t> found;
  for (std::size_t column = 0; table.header && column < table.csv.columns(); ++column) {
    if (Trimmed(table.csv.Cell(0, column)) != name) continue;
    if (found) {
      throw InputError(table.csv.Place(0), "two columns are called " + Shown(name),
                       "choose them by number, from 1");
    }
    found = column;
  }
  std::int64_t number = 0;
  if (!found && ParseInteger(name, number) && number >= 1 &&
      static_cast<std::size_t>(number) <= table.csv.columns()) {
    found = static_cast<std::size_t>(number - 1);
  }
  if (found) return *found;
  throw InputError(table.csv.Place(0), "there is no column " + Shown(name),
                   "the columns are " + ColumnNames(table) + "; or give a number from 1 to " +
                       std::to_string(table.csv.columns()));
}

struct Layout {
  std::vector<std::size_t> inputs, targets;  // columns
};

void CheckLayout(const Table& table, const Layout& layout) {
  if (layout.inputs.empty()) {
    throw InputError(table.csv.Place(0),
                     "no column is left for the inputs (the table has " +
                         std::to_string(table.csv.columns()) + ")",
                     "separate the columns by commas, and give at least two");
  }
  std::set<std::size_t> seen;
  for (const auto* columns : {&layout.inputs, &layout.targets}) {
    for (const std::size_t column : *columns) {
      if (seen.insert(column).second) continue;
      throw InputError(table.csv.Place(0), "column " + table.Name(column) + " is chosen twice",
                       "name every column once in data.columns and data.target");
    }
  }
}

Layout ChooseColumns(const Table& table, const Options& options) {
  Layout layout;
  for (const std::string& name : SplitList("data.target", options.target)) {
    layout.targets.push_back(FindColumn(table, name));
  }
  if (layout.targets.empty()) layout.targets.push_back(table.csv.columns() - 1);
  for (const std::string& name : SplitList("data.columns", options.columns)) {
    layout.inputs.push_back(FindColumn(table, name));
  }
  if (layout.inputs.empty()) {
    const std::set<std::size_t> targets(layout.targets.begin(), layout.targets.end());
    for (std::size_t column = 0; column < table.csv.columns(); ++column) {
      if (!targets.contains(column)) layout.inputs.push_back(column);
    }
  }
  CheckLayout(table, layout);
  if (options.kind == "classification" && layout.targets.size() != 1) {
    throw InputError("data.target", "a classification has one target column",
                     "name one column, or set data.kind = \"regression\"");
  }
  return layout;
}

// The same columns in another file: by name where both have headers, which may differ in order.
Layout MatchColumns(const Table& train, const Layout& layout, const Table& test) {
  if (!(train.header && test.header)) {
    if (train.csv.columns() == test.csv.columns()) return layout;
    throw InputError(test.csv.Place(0),
                     "has " + std::to_string(test.csv.columns()) + " columns where " +
                         train.csv.path() + " has " + std::to_string(train.csv.columns()),
                     "give both files the same columns");
  }
  const auto match = [&](const std::vector<std::size_t>& columns) {
    std::vector<std::size_t> matched;
    matched.reserve(columns.size());
    for (const std::size_t column : columns) {
      matched.push_back(FindColumn(test, std::string(Trimmed(train.csv.Cell(0, column)))));
    }
    return matched;
  };
  return {match(layout.inputs), match(layout.targets)};
}

double NumberIn(const Table& table, std::size_t point, std::size_t column) {
  const std::string_view cell = table.csv.Cell(table.Row(point), column);
  double value = 0.0;
  const Numeric numeric = ParseNumber(cell, value);
  if (numeric == Numeric::kNumber) return value;
  std::string problem = "is not a number";
  if (Trimmed(cell).empty()) problem = "is empty";
  if (numeric == Numeric::kNotFinite) problem = "is not finite";
  if (numeric == Numeric::kOutOfRange) problem = "does not fit single precision";
  throw InputError(table.csv.Place(table.Row(point)),
                   "column " + table.Name(column) + ": " + Shown(cell) + " " + problem,
                   "correct the cell, drop the row, or choose other columns by data.columns");
}

std::vector<double> Numbers(const Table& table, const std::vector<std::size_t>& columns) {
  std::vector<double> numbers;
  numbers.reserve(table.points() * columns.size());
  for (std::size_t point = 0; point < table.points(); ++point) {
    for (const std::size_t column : columns) numbers.push_back(NumberIn(table, point, column));
  }
  return numbers;
}

std::vector<std::string> Words(const Table& table, std::size_t column) {
  std::vector<std::string> words;
  words.reserve(table.points());
  for (std::size_t point = 0; point < table.points(); ++point) {
    const std::size_t row = table.Row(point);
    words.emplace_back(Trimmed(table.csv.Cell(row, column)));
    if (!words.back().empty()) continue;
    throw InputError(table.csv.Place(row),
                     "the class in column " + table.Name(column) + " is empty",
                     "give every row its class");
  }
  return words;
}

// Nothing if any word is no whole number.
std::optional<std::vector<std::int64_t>> AsIntegers(const std::vector<std::string>& words) {
  std::vector<std::int64_t> numbers(words.size());
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (!ParseInteger(words[i], numbers[i])) return std::nullopt;
  }
  return numbers;
}

struct Part {
  Table table;
  Layout layout;
  Split* split;
};

template <typename Label>
void FillClasses(const std::vector<Label>& train_labels, const std::vector<Label>& test_labels,
                 const Part& train, const Part* test, Dataset& dataset) {
  const auto classes = SortedClasses(train.table.csv.path(), train_labels);
  dataset.outputs = classes.size();
  const auto fill = [&](const Part& part, const std::vector<Label>& labels) {
    const auto place = [&](std::size_t i) { return part.table.csv.Place(part.table.Row(i)); };
    part.split->labels = ClassesOf(labels, classes, place);
  };
  fill(train, train_labels);
  if (test != nullptr) fill(*test, test_labels);
}

void FillLabels(const Part& train, const Part* test, Dataset& dataset) {
  const auto train_words = Words(train.table, train.layout.targets[0]);
  std::vector<std::string> test_words;
  if (test != nullptr) test_words = Words(test->table, test->layout.targets[0]);
  const auto train_numbers = AsIntegers(train_words);
  const auto test_numbers = AsIntegers(test_words);
  if (train_numbers && test_numbers) {
    FillClasses(*train_numbers, *test_numbers, train, test, dataset);
  } else {
    FillClasses(train_words, test_words, train, test, dataset);
  }
}

void FillTargets(const Part& part) {
  const std::vector<double> targets = Numbers(part.table, part.layout.targets);
  part.split->targets.assign(targets.begin(), targets.end());
}

}  // namespace

Dataset LoadCsv(const Options& options) {
  std::vector<std::string> named = SplitList("data.columns", options.columns);
  for (std::string& name : SplitList("data.target", options.target)) {
    named.push_back(std::move(name));
  }
  Dataset dataset;
  dataset.task = options.task;
  dataset.regression = options.kind == "regression";
  Part train{ReadTable(options.path, named), {}, &dataset.train};
  train.layout = ChooseColumns(train.table, options);
  CheckEnoughPoints(options.path, train.table.points());
  std::optional<Part> test;
  if (!options.test_path.empty()) {
    test = Part{ReadTable(options.test_path, named), {}, &dataset.test};
    test->layout = MatchColumns(train.table, train.layout, test->table);
  }
  dataset.inputs = train.layout.inputs.size();
  dataset.outputs = dataset.supervised = train.layout.targets.size();
  Standardization standardization;
  for (Part* part : {&train, test ? &*test : nullptr}) {
    if (part == nullptr) continue;
    const std::vector<double> numbers = Numbers(part->table, part->layout.inputs);
    const auto value = [&](std::size_t i) { return numbers[i]; };
    const std::size_t points = part->split->points = part->table.points();
    if (options.standardize && part == &train) {
      standardization = MeasureStandardization(points, dataset.inputs, value);
    }
    part->split->x = ToInputs(points, dataset.inputs, value, standardization);
    if (dataset.regression) FillTargets(*part);
  }
  if (!dataset.regression) {
    dataset.supervised = 0;
    FillLabels(train, test ? &*test : nullptr, dataset);
  }
  return dataset;
}

}  // namespace crease::data
