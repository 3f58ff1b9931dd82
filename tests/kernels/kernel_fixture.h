// What the tests of kernels share: every target in turn, buffers with a canary behind them, and
// comparison by bits.
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "lib/core/aligned.h"
#include "lib/core/random.h"
#include "lib/kernels/target.h"

namespace crease::kernels {

inline constexpr std::size_t kWidths[] = {1, 2, 3, 5, 7, 8, 9, 16, 17, 33, 100};
inline constexpr std::size_t kPointCounts[] = {1, 7, 15, 16, 17, 33, 400};

// Runs each test on one target; goes back to the best afterwards.
class KernelTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { ForceTarget(GetParam()); }
  void TearDown() override { ForceTarget(""); }
};

inline std::string TargetOf(const testing::TestParamInfo<std::string>& info) { return info.param; }

#define CREASE_TEST_ON_EVERY_TARGET(Fixture)                                         \
  INSTANTIATE_TEST_SUITE_P(Targets, Fixture,                                         \
                           testing::ValuesIn(::crease::kernels::SupportedTargets()), \
                           ::crease::kernels::TargetOf)

// `size` floats, then a canary that no kernel may touch.
class Buffer {
 public:
  explicit Buffer(std::size_t size) : size_(size), values_(size + kLanes, kCanary) {}
  float* data() { return values_.data(); }
  const float* data() const { return values_.data(); }
  std::size_t size() const { return size_; }
  float& operator[](std::size_t i) { return values_[i]; }
  float operator[](std::size_t i) const { return values_[i]; }
  bool intact() const {
    for (std::size_t i = size_; i < values_.size(); ++i) {
      if (values_[i] != kCanary) return false;
    }
    return true;
  }

 private:
  static constexpr float kCanary = -12345.678f;
  std::size_t size_;
  AlignedVector<float> values_;
};

// Normal numbers of varied magnitude, a different stream for each `salt`.
inline Buffer Normals(std::size_t size, std::uint32_t salt, double scale = 1.0) {
  const RandomStream random(7, Purpose::kData, salt);
  Buffer buffer(size);
  for (std::size_t i = 0; i < size; ++i) buffer[i] = static_cast<float>(scale * random.Normal(i));
  return buffer;
}

// As Normals, with about one in eight replaced by a value that is special to floats.
inline Buffer Specials(std::size_t size, std::uint32_t salt) {
  using Limits = std::numeric_limits<float>;
  constexpr float kSpecial[] = {0.0f,
                                -0.0f,
                                1.0f,
                                -1.0f,
                                1e-40f,
                                -1e-40f,
                                1e30f,
                                -1e30f,
                                Limits::max(),
                                Limits::min(),
                                88.0f,
                                -87.0f,
                                -87.5f,
                                1.25f,
                                -1.25f,
                                Limits::infinity(),
                                -Limits::infinity(),
                                Limits::quiet_NaN()};
  Buffer buffer = Normals(size, salt, 3.0);
  const RandomStream random(8, Purpose::kData, salt);
  for (std::size_t i = 0; i < size; ++i) {
    if (random.Below(2 * i, 8) == 0) {
      buffer[i] = kSpecial[random.Below(2 * i + 1, std::size(kSpecial))];
    }
  }
  return buffer;
}

// Same bits, or both NaN (whose bits differ between processors).
inline bool SameBits(float a, float b) {
  return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b) ||
         (std::isnan(a) && std::isnan(b));
}

inline bool SameBits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b) ||
         (std::isnan(a) && std::isnan(b));
}

inline testing::AssertionResult SameBits(const Buffer& kernel, const Buffer& twin) {
  if (!kernel.intact()) return testing::AssertionFailure() << "wrote past the end";
  for (std::size_t i = 0; i < twin.size(); ++i) {
    if (SameBits(kernel[i], twin[i])) continue;
    char text[96];
    std::snprintf(text, sizeof text, "at %zu of %zu: kernel %a, twin %a", i, twin.size(),
                  static_cast<double>(kernel[i]), static_cast<double>(twin[i]));
    return testing::AssertionFailure() << text;
  }
  return testing::AssertionSuccess();
}

}  // namespace crease::kernels
