#include "lib/train/result_digest.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace crease::train {

void ResultDigest::Add(std::span<const float> values) {
  while (!values.empty()) {
    const std::size_t count = std::min(values.size(), kBlock - used_);
    std::copy_n(values.begin(), count, link_.values.begin() + static_cast<std::ptrdiff_t>(used_));
    used_ += count;
    values = values.subspan(count);
    if (used_ == kBlock) Flush();
  }
}

std::string ResultDigest::Hex() {
  Flush();
  return crease::Hex(link_.before);
}

void ResultDigest::Flush() {
  for (std::size_t i = 0; i < used_; ++i) {
    const float value = link_.values[i];
    link_.values[i] = std::isnan(value) ? std::numeric_limits<float>::quiet_NaN() : value;
  }
  const auto bytes = std::as_bytes(std::span(&link_, 1));
  link_.before = DigestOf(bytes.first(sizeof link_.before + used_ * sizeof(float)));
  used_ = 0;
}

void ResultDigest::Save(StateWriter& state) const {
  state.Put(link_.before);
  state.PutAll(std::span<const float>(link_.values).first(used_));
}

void ResultDigest::Restore(StateReader& state) {
  std::vector<float> values;
  state.Get(link_.before);
  state.GetMore(values);
  if (values.size() >= kBlock) return state.Refuse();
  std::copy(values.begin(), values.end(), link_.values.begin());
  used_ = values.size();
}

}  // namespace crease::train
