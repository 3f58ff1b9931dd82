// The digest of a run: every step's scalars, then the final parameters. Two runs with the same
// digest had the same history, whatever was recorded of it.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>

#include "lib/core/hash.h"
#include "lib/core/state.h"

namespace crease::train {

// A chain over blocks of 1,024 numbers: link = hash(link before, block), the first link zero. So
// what is behind is 16 bytes, which a checkpoint keeps.
class ResultDigest {
 public:
  // NaN is hashed in one form, since its bits differ between processors.
  void Add(float value) { Add(std::span(&value, 1)); }
  void Add(std::span<const float> values);
  std::string Hex();  // ends the chain

  void Save(StateWriter& state) const;
  void Restore(StateReader& state);

 private:
  void Flush();

  static constexpr std::size_t kBlock = 1024;
  struct Link {
    Digest before{};
    std::array<float, kBlock> values;
  };
  Link link_;
  std::size_t used_ = 0;
};

}  // namespace crease::train
