// How activations lie in memory: in groups of 16 points.
//
// A matrix of `features` by points is stored as (groups, features, 16): point p is lane p % 16 of
// group p / 16, and all features of a group are contiguous. Lanes beyond the last point repeat the
// last point on input, so that they are finite where the points are, and have no effect on any
// result: the losses give them zero gradient. All pointers are 64-byte aligned.
#pragma once

#include <cstddef>

#include "lib/core/aligned.h"

namespace crease::kernels {

constexpr std::size_t GroupsOf(std::size_t points) { return PadToLanes(points) / kLanes; }

// A gradient is a sum over points in chunks of so many groups: 16 lanes each, in the order of the
// groups, then over the lanes by one fixed tree; the chunks are added in their order.
inline constexpr std::size_t kChunkGroups = 64;

// Where feature `feature` of point `point` lies in (groups, features, 16).
constexpr std::size_t OffsetOf(std::size_t point, std::size_t feature, std::size_t features) {
  return (point / kLanes * features + feature) * kLanes + point % kLanes;
}

}  // namespace crease::kernels
