// One line of a CSV file.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace crease::curve {

// The separator that a line uses: tab, semicolon, comma or blank, whichever comes first in this
// order outside of quotes; a comma if there is none.
char FindSeparator(std::string_view line);

// Cells without surrounding blanks and quotes, at most the first `limit`. Blanks as separators may
// be repeated. `cells` is reused from line to line.
void SplitCells(std::string_view line, char separator, std::vector<std::string_view>& cells,
                std::size_t limit = static_cast<std::size_t>(-1));

// NaN for what stands for "no value" (empty, nan, na, null, none, inf); nothing if it is no number.
std::optional<double> ParseNumber(std::string_view cell);

bool EqualIgnoringCase(std::string_view a, std::string_view b);

// Of any bytes a short text for a message: control characters and what is no UTF-8 become \xNN, the
// rest of a long cell "...".
std::string Printable(std::string_view cell);

}  // namespace crease::curve
