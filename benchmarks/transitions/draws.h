// Random draws of a curve's parameters, in the order they are asked for.
#pragma once

#include <cstdint>

#include "lib/core/portable_math.h"
#include "lib/core/random.h"

namespace crease::benchmarks {

class Draws {
 public:
  Draws(std::uint64_t seed, std::uint32_t stream) : stream_(seed, Purpose::kData, stream) {}

  double Uniform(double low, double high) { return low + (high - low) * stream_.Uniform(next_++); }
  double LogUniform(double low, double high) {
    return portable::Exp(Uniform(portable::Log(low), portable::Log(high)));
  }
  int Integer(int low, int high) {  // both ends included
    return low +
           static_cast<int>(stream_.Below(next_++, static_cast<std::uint64_t>(high - low + 1)));
  }
  bool Chance(double probability) { return Uniform(0, 1) < probability; }
  double Normal() { return stream_.Normal(next_++); }
  // Scaled to unit variance and cut at 8 standard deviations.
  double StudentFive();
  int Poisson(double mean);

 private:
  RandomStream stream_;
  std::uint64_t next_ = 0;
};

}  // namespace crease::benchmarks
