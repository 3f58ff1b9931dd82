#include "apps/text.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace crease::apps {
namespace {

struct CodePoint {
  std::uint32_t value;
  std::size_t bytes;
};

// Bytes that are not UTF-8 count as one character each.
CodePoint Next(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  const std::size_t length = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0x80 || lead < 0xC0 || length > text.size()) return {lead, 1};
  std::uint32_t value = lead & (0xFFu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {lead, 1};
    value = (value << 6) | (byte(i) & 0x3Fu);
  }
  return {value, length};
}

std::size_t Columns(std::uint32_t c) {
  const bool combining = (c >= 0x300 && c <= 0x36F) || (c >= 0x20D0 && c <= 0x20FF) ||
                         c == 0x200B || c == 0x200D || (c >= 0xFE00 && c <= 0xFE0F);
  const bool wide = (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF) ||
                    (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0xF900 && c <= 0xFAFF) ||
                    (c >= 0xFE30 && c <= 0xFE6F) || (c >= 0xFF00 && c <= 0xFF60) ||
                    (c >= 0x1F300 && c <= 0x1FAFF) || (c >= 0x20000 && c <= 0x3FFFD);
  return combining ? 0 : wide ? 2 : 1;
}

template <typename... Values>
std::string Print(const char* format, Values... values) {
  std::string text(static_cast<std::size_t>(std::snprintf(nullptr, 0, format, values...)), '\0');
  std::snprintf(text.data(), text.size() + 1, format, values...);
  return text;
}

}  // namespace

std::size_t DisplayWidth(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const CodePoint next = Next(text);
    width += Columns(next.value);
    text.remove_prefix(next.bytes);
  }
  return width;
}

std::string FirstColumns(std::string_view text, std::size_t columns) {
  std::size_t bytes = 0, width = 0;
  while (bytes < text.size()) {
    const CodePoint next = Next(text.substr(bytes));
    width += Columns(next.value);
    if (width > columns) break;
    bytes += next.bytes;
  }
  return std::string(text.substr(0, bytes));
}

std::string FormatNumber(double value, int significant) {
  if (std::isnan(value)) return "-";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  const double magnitude = std::abs(value);
  if (magnitude != 0 && (magnitude < 1e-4 || magnitude >= 1e7)) {
    return Print("%.*e", significant - 2, value);
  }
  const int before_point = magnitude < 1 ? 1 : static_cast<int>(std::log10(magnitude)) + 1;
  return Print("%.*f", std::max(0, significant - before_point + (magnitude < 1 ? 1 : 0)), value);
}

std::string FormatStep(double step) {
  if (std::isnan(step)) return "-";
  if (std::isinf(step)) return step > 0 ? "inf" : "-inf";
  // Beyond the whole numbers that a double holds, digits mean nothing.
  return Print(std::abs(step) < 9e15 ? "%.0f" : "%.5e", step);
}

std::string FormatShare(double share) { return std::isnan(share) ? "-" : Print("%.2f", share); }

std::string FormatInterval(const std::string& low, const std::string& high) {
  return "[" + low + ", " + high + "]";
}

std::string FormatCount(std::int64_t count) {
  std::string digits = std::to_string(count);
  const std::ptrdiff_t first = count < 0 ? 1 : 0;
  for (std::ptrdiff_t i = std::ssize(digits) - 3; i > first; i -= 3) {
    digits.insert(static_cast<std::size_t>(i), 1, ',');
  }
  return digits;
}

std::string FormatBytes(double bytes) {
  if (std::isnan(bytes)) return "-";
  if (bytes < 1024) return Print("%.0f B", bytes);
  const char* const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB"};
  std::size_t unit = 0;
  double scaled = bytes / 1024;
  for (; scaled >= 1023.5 && unit < 4; ++unit) scaled /= 1024;
  return Print(scaled < 99.5 ? "%.1f %s" : "%.0f %s", scaled, units[unit]);
}

std::string FormatDuration(double seconds) {
  if (std::isnan(seconds)) return "-";
  if (seconds < 9.95) return Print(seconds < 0.995 ? "%.2f s" : "%.1f s", seconds);
  if (seconds < 59.5) return Print("%.0f s", seconds);
  if (seconds > 1e11) return "for ever";
  const long long whole = std::llround(seconds);
  if (whole < 3600) return Print("%lld min %02lld s", whole / 60, whole % 60);
  const long long minutes = whole / 60;
  if (minutes < 48 * 60) return Print("%lld h %02lld min", minutes / 60, minutes % 60);
  return Print("%lld d %02lld h", minutes / 1440, minutes / 60 % 24);
}

std::string FormatRate(double per_second) {
  if (!std::isfinite(per_second)) return "-";
  if (per_second >= 1e6) return Print("%.3ge6", per_second / 1e6);
  if (per_second >= 1e3) return FormatCount(std::llround(per_second));
  return Print("%.3g", per_second);
}

std::string Counted(std::int64_t count, std::string_view noun) {
  return FormatCount(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

std::size_t UnambiguousPrefix(std::vector<std::string> ids, std::size_t minimum) {
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  std::size_t needed = minimum;
  for (std::size_t i = 1; i < ids.size(); ++i) {
    const auto end =
        std::mismatch(ids[i - 1].begin(), ids[i - 1].end(), ids[i].begin(), ids[i].end());
    needed = std::max(needed, static_cast<std::size_t>(end.second - ids[i].begin()) + 1);
  }
  return needed;
}

}  // namespace crease::apps
