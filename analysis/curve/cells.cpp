#include "analysis/curve/cells.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>

namespace crease::curve {
namespace {

bool IsBlank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::string_view Trim(std::string_view text) {
  while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsBlank(text.back())) text.remove_suffix(1);
  return text;
}

std::string_view Unquote(std::string_view cell) {
  cell = Trim(cell);
  if (cell.size() >= 2 && (cell.front() == '"' || cell.front() == '\'') &&
      cell.back() == cell.front()) {
    cell = Trim(cell.substr(1, cell.size() - 2));
  }
  return cell;
}

}  // namespace

char FindSeparator(std::string_view line) {
  line = Trim(line);
  for (const char candidate : {'\t', ';', ',', ' '}) {
    bool quoted = false;
    for (const char c : line) {
      if (c == '"') quoted = !quoted;
      if (c == candidate && !quoted) return candidate;
    }
  }
  return ',';
}

void SplitCells(std::string_view line, char separator, std::vector<std::string_view>& cells,
                std::size_t limit) {
  cells.clear();
  if (separator == ' ') line = Trim(line);
  const bool quotes = line.find('"') != std::string_view::npos;
  for (std::size_t begin = 0; begin <= line.size() && cells.size() < limit;) {
    std::size_t end = begin;
    if (quotes) {
      bool quoted = false;
      while (end < line.size() && (quoted || line[end] != separator)) {
        if (line[end++] == '"') quoted = !quoted;
      }
    } else {
      end = std::min(line.find(separator, begin), line.size());
    }
    if (separator != ' ' || end > begin) cells.push_back(Unquote(line.substr(begin, end - begin)));
    begin = end + 1;
  }
}

std::optional<double> ParseNumber(std::string_view cell) {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  if (!cell.empty() && cell.front() == '+') cell.remove_prefix(1);
  if (cell.empty()) return kNone;
  double value = 0;
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (end == cell.data() + cell.size()) {
    if (error == std::errc::result_out_of_range) return kNone;
    if (error == std::errc()) return std::isfinite(value) ? value : kNone;
  }
  for (const std::string_view word : {"na", "n/a", "null", "none", "-"}) {
    if (EqualIgnoringCase(cell, word)) return kNone;
  }
  return std::nullopt;
}

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) ==
           std::tolower(static_cast<unsigned char>(y));
  });
}

std::string Printable(std::string_view cell) {
  constexpr std::size_t kMost = 40;
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string text;
  for (const char c : cell.substr(0, kMost)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7F) {
      text += c;
    } else {
      text.append("\\x") += kDigits[byte >> 4];
      text += kDigits[byte & 15];
    }
  }
  return cell.size() > kMost ? text + "..." : text;
}

}  // namespace crease::curve
