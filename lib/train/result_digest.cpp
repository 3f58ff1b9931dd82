#include "lib/train/result_digest.h"

#include <cmath>
#include <limits>

namespace crease::train {

void ResultDigest::Add(float value) {
  buffer_[used_++] = std::isnan(value) ? std::numeric_limits<float>::quiet_NaN() : value;
  if (used_ == buffer_.size()) Flush();
}

void ResultDigest::Add(std::span<const float> values) {
  for (const float value : values) Add(value);
}

std::string ResultDigest::Hex() {
  Flush();
  return hasher_.HexDigest();
}

void ResultDigest::Flush() {
  hasher_.Add(std::span<const float>(buffer_.data(), used_));
  used_ = 0;
}

}  // namespace crease::train
