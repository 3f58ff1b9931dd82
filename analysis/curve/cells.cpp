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

// How many bytes the first character has, or 0 if it is a control character or no UTF-8.
std::size_t PrintableBytes(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x80) return byte(0) >= 0x20 && byte(0) != 0x7F ? 1 : 0;
  // 0x80 ... 0x9F are control characters, too.
  if (byte(0) < 0xC2 || byte(0) > 0xF4 || (byte(0) == 0xC2 && text.size() > 1 && byte(1) < 0xA0)) {
    return 0;
  }
  const std::size_t length = byte(0) >= 0xF0 ? 4 : byte(0) >= 0xE0 ? 3 : 2;
  if (length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  return length;
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
  for (std::size_t i = 0; i < cell.size();) {
    if (i >= kMost) return text + "...";
    const std::size_t length = PrintableBytes(cell.substr(i));
    if (length > 0) {
      text += cell.substr(i, length);
      i += length;
      continue;
    }
    const auto byte = static_cast<unsigned char>(cell[i++]);
    text.append("\\x") += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace crease::curve
