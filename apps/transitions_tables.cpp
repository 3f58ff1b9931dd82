#include "apps/transitions_tables.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "analysis/summary/summary.h"
#include "apps/output.h"
#include "apps/table.h"
#include "apps/text.h"

namespace crease::apps {
namespace {

using statistics::Estimate;
using transitions::Cell;
using transitions::Spread;

// What lies beyond the end of the runs has no number.
std::string Step(double step) { return std::isinf(step) ? "not yet" : FormatStep(step); }

std::string Interval(const Estimate& estimate, std::string (*format)(double)) {
  if (std::isnan(estimate.value)) return "-";
  return FormatInterval(format(estimate.low), format(estimate.high));
}

std::string Quartiles(const Spread& spread, std::string (*format)(double)) {
  if (std::isnan(spread.median)) return "-";
  return FormatInterval(format(spread.lower), format(spread.upper));
}

std::string Short(double value) { return FormatNumber(value, 3); }

std::string Probability(double p) {
  if (std::isnan(p)) return "-";
  char text[32];
  std::snprintf(text, sizeof text, p < 0.001 ? "%.1e" : "%.3f", p);
  return text;
}

std::vector<std::string> KeyTexts(const ComparisonReport& report, const Cell& cell) {
  std::vector<std::string> texts;
  for (const train::ConfigKey* key : report.comparison.keys) {
    texts.push_back(
        summary::KeyText(report.runs[cell.members.front()].config, std::string(key->name)));
  }
  return texts;
}

std::string CellName(const ComparisonReport& report, const Cell& cell) {
  std::string name;
  for (const std::string& text : KeyTexts(report, cell)) {
    if (!name.empty()) name += ", ";
    name += text;
  }
  return name;
}

Table TableOfCells(const ComparisonReport& report, std::initializer_list<const char*> titles) {
  Table table;
  for (const train::ConfigKey* key : report.comparison.keys) {
    table.AddColumn(ShortName(std::string(key->name)), false);
  }
  for (const char* title : titles) table.AddColumn(title);
  return table;
}

void PrintTimes(std::ostream& out, const ComparisonReport& report) {
  out << "share of runs with so many transitions; steps to the onset of the first (median)\n";
  Table table = TableOfCells(report, {"runs", "diverged", "no verdict", "0", "1", "2", "3+", "any",
                                      "95 % interval", "first onset", "95 % interval", "not yet"});
  for (const Cell& cell : report.comparison.cells) {
    std::vector<std::string> row = KeyTexts(report, cell);
    row.push_back(FormatCount(std::ssize(cell.members)));
    row.push_back(FormatCount(cell.diverged));
    row.push_back(FormatCount(cell.without_verdict));
    for (const Estimate& share : cell.shares) row.push_back(FormatShare(share.value));
    row.push_back(FormatShare(cell.share_with_any.value));
    row.push_back(Interval(cell.share_with_any, FormatShare));
    row.push_back(Step(cell.median_first_onset.value));
    row.push_back(Interval(cell.median_first_onset, Step));
    row.push_back(FormatCount(cell.censored));
    table.AddRow(std::move(row));
  }
  table.Print(out);
}

void PrintSizes(std::ostream& out, const ComparisonReport& report) {
  const auto& cells = report.comparison.cells;
  if (std::all_of(cells.begin(), cells.end(), [](const Cell& c) { return c.transitions == 0; })) {
    return;
  }
  out << "\nsize of the transitions: medians and quartiles\n";
  Table table =
      TableOfCells(report, {"transitions", "open", "drop/nats", "quartiles", "sharpness",
                            "quartiles", "width/steps", "quartiles", "plateau/steps", "quartiles"});
  for (const Cell& cell : report.comparison.cells) {
    std::vector<std::string> row = KeyTexts(report, cell);
    row.push_back(FormatCount(cell.transitions));
    row.push_back(FormatCount(cell.open));
    row.push_back(FormatShare(cell.drop_nats.median));
    row.push_back(Quartiles(cell.drop_nats, FormatShare));
    row.push_back(Short(cell.sharpness.median));
    row.push_back(Quartiles(cell.sharpness, Short));
    for (const Spread* spread : {&cell.width_steps, &cell.plateau_steps}) {
      row.push_back(FormatStep(spread->median));
      row.push_back(Quartiles(*spread, FormatStep));
    }
    table.AddRow(std::move(row));
  }
  table.Print(out);
}

// More pairs than a screen holds: those that differ most.
constexpr std::size_t kPairsShown = 45;

std::vector<const transitions::PairTest*> PairsToShow(const transitions::Comparison& comparison) {
  std::vector<const transitions::PairTest*> pairs;
  pairs.reserve(comparison.pairs.size());
  for (const transitions::PairTest& pair : comparison.pairs) pairs.push_back(&pair);
  if (pairs.size() <= kPairsShown) return pairs;
  // Pairs that were not tested last.
  std::stable_sort(pairs.begin(), pairs.end(), [](const auto* a, const auto* b) {
    return a->test.p_value < b->test.p_value ||
           (!std::isnan(a->test.p_value) && std::isnan(b->test.p_value));
  });
  pairs.resize(kPairsShown);
  return pairs;
}

void PrintPairs(std::ostream& out, const ComparisonReport& report) {
  const transitions::Comparison& comparison = report.comparison;
  if (comparison.pairs.empty()) return;
  std::string keys;
  for (const train::ConfigKey* key : comparison.keys) {
    if (!keys.empty()) keys += ", ";
    keys += ShortName(std::string(key->name));
  }
  Table table;
  table.AddColumn(keys, false);
  table.AddColumn("against", false);
  for (const char* title : {"chi-square", "p", "p (Holm)"}) table.AddColumn(title);
  const auto shown = PairsToShow(comparison);
  for (const transitions::PairTest* pair : shown) {
    const bool tested = pair->test.degrees > 0;
    table.AddRow({CellName(report, comparison.cells[pair->a]),
                  CellName(report, comparison.cells[pair->b]),
                  tested ? FormatNumber(pair->test.chi_square, 3) : "-",
                  Probability(pair->test.p_value), Probability(pair->holm)});
  }
  table.Print(out);
  const std::size_t more = comparison.pairs.size() - shown.size();
  if (more > 0) {
    out << "... " << FormatCount(static_cast<std::int64_t>(more)) << " more pairs: --json\n";
  }
}

void PrintTests(std::ostream& out, const ComparisonReport& report) {
  const transitions::Comparison& comparison = report.comparison;
  if (comparison.cells.size() < 2) return;
  out << "\ndo the cells differ in the steps to the first onset? log-rank test: ";
  const statistics::LogRankTest& test = comparison.log_rank;
  if (comparison.cells.size() > transitions::kComparedCells) {
    out << "not made, of more than " << transitions::kComparedCells << " cells\n";
  } else if (test.degrees == 0) {
    out << "nothing to compare\n";
  } else {
    out << "chi-square " << FormatNumber(test.chi_square, 3) << " on "
        << Counted(test.degrees, "degree") << " of freedom, p = " << Probability(test.p_value)
        << '\n';
    PrintPairs(out, report);
  }
}

void PrintNotes(std::ostream& out, const ComparisonReport& report) {
  const transitions::Comparison& comparison = report.comparison;
  std::int64_t tagged = 0, censored = 0;
  for (const Cell& cell : comparison.cells) {
    tagged += cell.schedule_tagged;
    censored += cell.censored;
  }
  std::string pooled;
  for (const transitions::PooledKey& key : comparison.pooled) {
    pooled += ", ";
    pooled += ShortName(std::string(key.key->name));
    if (key.cells < comparison.cells.size()) {
      pooled += " (in " + std::to_string(key.cells) + " of " +
                Counted(std::ssize(comparison.cells), "cell") + ")";
    }
  }
  out << "\npooled: " << (pooled.empty() ? "seeds alone" : "seeds" + pooled) << '\n';
  out << "left out: transitions that a change of learning rate, batch or data explains ("
      << FormatCount(tagged) << ")\n";
  if (censored > 0) {
    out << "not yet: " << Counted(censored, "run") << " without a transition, censored at "
        << (censored == 1 ? "its" : "their") << " last step\n";
  }
}

std::string InCsv(const std::string& text) {
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += c;
    quoted += c;
  }
  return quoted + '"';
}

std::string Digits(double value) {
  if (std::isnan(value)) return "";
  char text[32];
  std::snprintf(text, sizeof text, "%.7g", value);
  return text;
}

}  // namespace

void PrintComparison(std::ostream& out, const ComparisonReport& report) {
  PrintTimes(out, report);
  PrintSizes(out, report);
  PrintTests(out, report);
  PrintNotes(out, report);
}

std::string AlignedAsCsv(const ComparisonReport& report) {
  std::string text;
  for (const train::ConfigKey* key : report.comparison.keys) {
    text += ShortName(std::string(key->name)) + ",";
  }
  text += "tau,curves,mean_ln_" + report.column;
  for (const double share : transitions::kAlignedQuantiles) {
    text.append(",ln_change_q").append(Digits(share));
  }
  text += '\n';
  for (std::size_t c = 0; c < report.aligned.size(); ++c) {
    std::string keys;
    for (const std::string& value : KeyTexts(report, report.comparison.cells[c])) {
      keys += InCsv(value) + ",";
    }
    for (const transitions::AlignedPoint& point : report.aligned[c]) {
      text += keys + Digits(point.tau) + "," + std::to_string(point.curves) + "," +
              Digits(point.mean_log_value);
      for (const double change : point.change) text.append(",").append(Digits(change));
      text += '\n';
    }
  }
  return text;
}

}  // namespace crease::apps
