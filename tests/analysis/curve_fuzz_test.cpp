// Whatever bytes a file holds, it is read or refused with a remedy, and what is read gets a
// verdict.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "analysis/curve/curve.h"
#include "lib/core/error.h"
#include "lib/detect/offline.h"

namespace crease::curve {
namespace {

// CREASE_FUZZ_CASES in the environment asks for more.
std::size_t Cases() {
  const char* asked = std::getenv("CREASE_FUZZ_CASES");
  return asked == nullptr ? 2000 : static_cast<std::size_t>(std::atoll(asked));
}

class CurveFuzz : public testing::Test {
 protected:
  std::size_t Below(std::size_t count) { return random_() % count; }

  // A file as one program or another would write it.
  std::string RealFile() {
    struct Layout {
      const char* header;
      char separator;
      std::size_t columns;
    };
    static constexpr Layout kLayouts[] = {{"step,loss\n", ',', 2},
                                          {"", '\t', 2},
                                          {"", ',', 1},
                                          {"Wall time,Step,Value\n", ',', 3},
                                          {"# by hand\n# step loss\n", ' ', 2},
                                          {"epoch;val_loss;\n", ';', 3},
                                          {"\"Step\",\"run - loss\",\"lr\"\n", ',', 3},
                                          {"\xEF\xBB\xBFiter\tloss\r\n", '\t', 2}};
    const auto [header, separator, columns] = kLayouts[Below(std::size(kLayouts))];
    const std::size_t rows = Below(200);
    std::string text = header;
    for (std::size_t row = 0; row < rows; ++row) {
      for (std::size_t column = 0; column < columns; ++column) {
        if (column > 0) text += separator;
        text += column == 0 ? std::to_string(row * 50)
                            : std::to_string(std::exp(row < rows / 2 ? 0 : -2));
      }
      text += Below(2) == 0 ? "\n" : "\r\n";
    }
    return text;
  }

  std::string RandomBytes() {
    std::string text(Below(3000), '\0');
    const bool plain = Below(2) == 0;
    constexpr std::string_view kPlain = "0123456789.,;eE+-nainf \t\"#\n\n\n\r";
    for (char& c : text) c = plain ? kPlain[Below(kPlain.size())] : static_cast<char>(random_());
    return text;
  }

  void Mutate(std::string& text) {
    static constexpr std::array<std::string_view, 20> kHostile = {"nan",
                                                                  "inf",
                                                                  "-inf",
                                                                  "1e999",
                                                                  "1e-999",
                                                                  "1e300",
                                                                  "1e-300",
                                                                  "-1",
                                                                  "\"",
                                                                  "'",
                                                                  ",",
                                                                  "\n",
                                                                  "#",
                                                                  "\r",
                                                                  "\xFF\xFE",
                                                                  "0x1p3",
                                                                  "999999999999999999999",
                                                                  "-0",
                                                                  "\x1F\x8B",
                                                                  ""};
    for (std::size_t edits = 1 + Below(3); edits > 0; --edits) {
      const std::size_t at = text.empty() ? 0 : Below(text.size());
      switch (Below(5)) {
        case 0:
          text.insert(at, kHostile[Below(kHostile.size())]);
          break;
        case 1:
          text.erase(at, 1 + Below(20));
          break;
        case 2:
          text.insert(at, text.substr(at, Below(300)));
          break;
        case 3:
          if (!text.empty()) text[at] = static_cast<char>(random_());
          break;
        default:
          text.resize(at);
          break;
      }
    }
  }

  CsvOptions Options() {
    static constexpr std::array kNames = {"", "", "", "loss", "1", "2", "row", "Step", "nan"};
    return {kNames[Below(kNames.size())], kNames[Below(kNames.size())]};
  }

  // Returns whether it could be read.
  bool Check(const std::string& text) {
    std::istringstream stream(text);
    Curve curve;
    try {
      curve = ReadCsv(stream, "fuzz.csv", Options());
    } catch (const Error& error) {
      EXPECT_EQ(error.fault(), Fault::kInput);
      EXPECT_TRUE(error.place().starts_with("fuzz.csv"));
      EXPECT_FALSE(error.remedy().empty());
      EXPECT_LT(std::string(error.what()).size(), 2000u);
      return false;
    }
    EXPECT_EQ(curve.steps.size(), curve.values.size());
    EXPECT_TRUE(std::is_sorted(curve.steps.begin(), curve.steps.end(), std::less_equal<>()));
    EXPECT_GT(curve.unit, 0);
    for (const float value : curve.values) EXPECT_TRUE(std::isfinite(value));
    detect::OfflineOptions options;
    options.rising = Below(2) == 0;
    for (const auto& t : detect::FindTransitions(curve.steps, curve.values, options).transitions) {
      EXPECT_TRUE(std::isfinite(t.onset_step) && std::isfinite(t.drop_nats));
      EXPECT_LE(t.onset_step, t.end_step);
    }
    return true;
  }

  std::mt19937_64 random_{20261123};
};

TEST_F(CurveFuzz, MutatedFiles) {
  std::size_t read = 0;
  for (std::size_t i = 0; i < Cases(); ++i) {
    std::string text = RealFile();
    Mutate(text);
    read += Check(text) ? 1 : 0;
    ASSERT_FALSE(HasFailure()) << "case " << i << ":\n" << text;
  }
  // Most mutations leave something to read.
  EXPECT_GT(read, Cases() / 5);
  EXPECT_LT(read, Cases());
}

TEST_F(CurveFuzz, RandomBytes) {
  for (std::size_t i = 0; i < Cases(); ++i) {
    const std::string text = RandomBytes();
    Check(text);
    ASSERT_FALSE(HasFailure()) << "case " << i << ":\n" << text;
  }
}

}  // namespace
}  // namespace crease::curve
