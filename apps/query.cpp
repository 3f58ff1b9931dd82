// crease query: SQL over the runs, transitions, curves and sweeps of a store.
#include "analysis/query/query.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "apps/arguments.h"
#include "apps/commands.h"
#include "apps/exit_codes.h"
#include "apps/output.h"
#include "apps/report.h"
#include "apps/table.h"
#include "apps/text.h"
#include "lib/core/error.h"
#include "lib/store/catalog.h"

namespace crease::apps {
namespace {

namespace po = boost::program_options;
using query::Cell;
using Row = std::vector<Cell>;

Grammar QueryGrammar() {
  Grammar grammar("query");
  grammar.synopsis = "STORE \"SQL\" [options]";
  grammar.description =
      "Answers one SQL statement (SQLite's) over the tables\n"
      "  runs         a row a run: its configuration keys (norm, width, lr, seed, ...), outcome,\n"
      "               final and best figures, digest, number of transitions\n"
      "  transitions  a row a transition: run_id, onset_step, drop_nats, ...\n"
      "  transition_counts, first_transitions\n"
      "               a row a run: how many transitions the schedule does not explain; the first\n"
      "               of them, its onset as time, and censored = 1 at the last step without any\n"
      "  curves       a row a recorded step of a run: run_id, step, loss, accuracy, test_loss,\n"
      "               test_accuracy; read from the shards, so name the runs you want\n"
      "  sweeps       a row a sweep file\n"
      "All rows are printed, as they come. csv and json give numbers exactly, table six digits.\n"
      "Example: crease query out \"SELECT norm, avg(best_accuracy >= 0.95) AS reached\n"
      "                          FROM runs GROUP BY norm\"";
  grammar.positional = {"STORE", "SQL"};
  grammar.required = 2;
  grammar.options.add_options()("STORE", po::value<std::string>())("SQL", po::value<std::string>())(
      "format", po::value<std::string>()->value_name("FORMAT"),
      "table (default), csv or json (an array of objects)")("json", po::bool_switch(),
                                                            "short for --format json");
  return grammar;
}

// The fewest digits that give the same number back.
std::string Exact(double value) {
  std::array<char, 32> digits;
  const auto [end, fault] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  return {digits.data(), end};
}

class Printer {
 public:
  virtual ~Printer() = default;
  virtual void Columns(const std::vector<std::string>& names) = 0;
  virtual void OneRow(const Row& row) = 0;
  virtual void End() = 0;
};

// Columns are as wide as the rows so far need; rows are held back a thousand at a time.
class TablePrinter : public Printer {
 public:
  void Columns(const std::vector<std::string>& names) override { names_ = names; }

  void OneRow(const Row& row) override {
    held_.push_back(row);
    if (held_.size() == kHeldRows) Flush();
  }

  void End() override { Flush(); }

 private:
  static constexpr std::size_t kHeldRows = 1000;

  static std::string Text(const Cell& cell) {
    if (const auto* text = std::get_if<std::string>(&cell)) return OneLine(*text);
    if (const auto* integer = std::get_if<std::int64_t>(&cell)) return std::to_string(*integer);
    if (const auto* real = std::get_if<double>(&cell)) return SixDigits(*real);
    return "-";
  }

  static std::string SixDigits(double value) {
    std::array<char, 32> digits;
    const auto [end, fault] = std::to_chars(digits.data(), digits.data() + digits.size(), value,
                                            std::chars_format::general, 6);
    return {digits.data(), end};
  }

  static std::string OneLine(const std::string& text) {
    std::string line;
    for (const char c : text) {
      if (c == '\n') {
        line += "\\n";
      } else {
        line += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
      }
    }
    return line;
  }

  void AddColumns() {
    for (std::size_t column = 0; column < names_.size(); ++column) {
      const bool number = std::none_of(held_.begin(), held_.end(), [&](const Row& row) {
        return std::holds_alternative<std::string>(row[column]);
      });
      table_.AddColumn(OneLine(names_[column]), number);
    }
    has_columns_ = true;
  }

  void Flush() {
    if (!has_columns_) AddColumns();
    for (const Row& row : held_) {
      std::vector<std::string> cells;
      for (const Cell& cell : row) cells.push_back(Text(cell));
      table_.AddRow(std::move(cells));
    }
    held_.clear();
    table_.Print(Out());
  }

  std::vector<std::string> names_;
  std::vector<Row> held_;
  Table table_;
  bool has_columns_ = false;
};

// RFC 4180, but for the line end.
class CsvPrinter : public Printer {
 public:
  void Columns(const std::vector<std::string>& names) override {
    OneRow({names.begin(), names.end()});
  }

  void OneRow(const Row& row) override {
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) Out() << ',';
      if (const auto* text = std::get_if<std::string>(&row[i])) Out() << Quoted(*text);
      if (const auto* integer = std::get_if<std::int64_t>(&row[i])) Out() << *integer;
      if (const auto* real = std::get_if<double>(&row[i])) Out() << Exact(*real);
    }
    Out() << '\n';
  }

  void End() override {}

 private:
  static std::string Quoted(const std::string& text) {
    if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string quoted = "\"";
    for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
    return quoted + '"';
  }
};

class JsonPrinter : public Printer {
 public:
  // A column that has the name of an earlier one is numbered, or it would take its place.
  void Columns(const std::vector<std::string>& names) override {
    for (const std::string& name : names) {
      std::string unique = name;
      for (int n = 1; std::find(names_.begin(), names_.end(), unique) != names_.end(); ++n) {
        unique = name + ":" + std::to_string(n);
      }
      names_.push_back(unique);
    }
  }

  void OneRow(const Row& row) override {
    Json object = Json::object();
    for (std::size_t i = 0; i < row.size(); ++i) {
      object[names_[i]] = std::visit([](const auto& value) { return ToJson(value); }, row[i]);
    }
    Out() << (any_ ? ",\n  " : "[\n  ")
          << object.dump(-1, ' ', false, Json::error_handler_t::replace);
    any_ = true;
  }

  void End() override { Out() << (any_ ? "\n]\n" : "[]\n"); }

 private:
  static Json ToJson(std::monostate) { return nullptr; }
  template <typename Value>
  static Json ToJson(const Value& value) {
    return value;
  }

  std::vector<std::string> names_;
  bool any_ = false;
};

std::unique_ptr<Printer> MakePrinter(const std::string& format) {
  if (format == "table") return std::make_unique<TablePrinter>();
  if (format == "csv") return std::make_unique<CsvPrinter>();
  if (format == "json") return std::make_unique<JsonPrinter>();
  throw InputError("--format " + format, "there is no such format", "give table, csv or json");
}

}  // namespace

int QueryCommand(const Words& words) {
  const auto arguments = ParseArguments(QueryGrammar(), words);
  if (!arguments) return kDone;
  const std::string format = arguments->Has("format")  ? arguments->Text("format")
                             : arguments->Flag("json") ? "json"
                                                       : "table";
  const auto printer = MakePrinter(format);
  const store::Catalog catalog(arguments->Text("STORE"));
  query::RowSink sink;
  sink.columns = [&](const std::vector<std::string>& names) { printer->Columns(names); };
  sink.row = [&](const Row& row) { printer->OneRow(row); };
  query::Run(catalog, arguments->Text("SQL"), sink);
  printer->End();
  return kDone;
}

}  // namespace crease::apps
