#include "lib/train/result_digest.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

namespace crease::train {

void ResultDigest::Add(std::span<const float> values) {
  while (!values.empty()) {
    const std::size_t count = std::min(values.size(), buffer_.size() - used_);
    std::copy_n(values.begin(), count, buffer_.begin() + static_cast<std::ptrdiff_t>(used_));
    used_ += count;
    values = values.subspan(count);
    if (used_ == buffer_.size()) Flush();
  }
}

std::string ResultDigest::Hex() {
  Flush();
  return hasher_.HexDigest();
}

void ResultDigest::Flush() {
  for (std::size_t i = 0; i < used_; ++i) {
    const float value = buffer_[i];
    buffer_[i] = std::isnan(value) ? std::numeric_limits<float>::quiet_NaN() : value;
  }
  hasher_.Add(std::span<const float>(buffer_.data(), used_));
  used_ = 0;
}

}  // namespace crease::train
