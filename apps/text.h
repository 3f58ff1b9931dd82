// Numbers, sizes and durations as researchers read them, and the width of text on a terminal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace crease::apps {

// Columns that UTF-8 text takes on a terminal: combining marks none, wide characters two.
std::size_t DisplayWidth(std::string_view text);

// The longest beginning of `text` that takes at most `columns` columns.
std::string FirstColumns(std::string_view text, std::size_t columns);

// All of these print "-" where the value is not a number.
std::string FormatNumber(double value, int significant = 4);                  // 0.4502, 3.21e-05
std::string FormatStep(double step);                                          // 2104
std::string FormatShare(double share);                                        // 0.98
std::string FormatInterval(const std::string& low, const std::string& high);  // [0.92, 1.00]

std::string FormatCount(std::int64_t count);  // 1,280,000
std::string FormatBytes(double bytes);        // 8.2 MiB
std::string FormatDuration(double seconds);   // 0.35 s, 4 min 10 s, 2 h 05 min, 3 d 04 h
std::string FormatRate(double per_second);    // 3.2, 540, 1.28e6

// "1 run", "2 runs", "1,200 runs".
std::string Counted(std::int64_t count, std::string_view noun);

// The length of prefix that tells all `ids` apart, at least `minimum`.
std::size_t UnambiguousPrefix(std::vector<std::string> ids, std::size_t minimum = 8);

}  // namespace crease::apps
