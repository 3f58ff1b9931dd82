// The digest of a run: every step's scalars, then the final parameters. Two runs with the same
// digest had the same history, whatever was recorded of it.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>

#include "lib/core/hash.h"

namespace crease::train {

class ResultDigest {
 public:
  // NaN is hashed in one form, since its bits differ between processors.
  void Add(float value) { Add(std::span(&value, 1)); }
  void Add(std::span<const float> values);
  std::string Hex();

 private:
  void Flush();

  Hasher hasher_;
  std::array<float, 1024> buffer_;
  std::size_t used_ = 0;
};

}  // namespace crease::train
