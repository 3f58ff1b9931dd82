// Scratch memory of the tiles, for one thread. Not for users.
#pragma once

#include <cstddef>

#include "lib/norm/job.h"

namespace crease::norm {

// Wider groups are read where they lie: a copy would not stay in the second-level cache.
inline constexpr std::size_t kWidestCopied = 8192;

// Packs of points in a tile, at most.
inline constexpr std::size_t kTilePacks = 4;

// Carves one allocation of Size() elements. Each part is aligned to 64 bytes.
template <typename T>
struct TileScratch {
  std::size_t tile = 0;   // elements of a column of x, d_y and out
  T* x = nullptr;         // (width, tile)
  T* d_y = nullptr;       // (width, tile)
  T* out = nullptr;       // (width, tile)
  T* d_weight = nullptr;  // (PadToPack(width * groups), L): sums over points, by lane
  T* d_bias = nullptr;    // as d_weight

  TileScratch(std::size_t width, std::size_t groups, T* memory) {
    tile = TileOf(width);
    x = memory;
    d_y = x + width * tile;
    out = d_y + width * tile;
    d_weight = out + width * tile;
    d_bias = d_weight + SumsSize(width, groups);
  }
  static std::size_t Size(std::size_t width, std::size_t groups) {
    return 3 * width * TileOf(width) + 2 * SumsSize(width, groups);
  }
  static std::size_t TileOf(std::size_t width) {
    return kPackLanes<T> * (width <= kWidestCopied ? kTilePacks : 1);
  }
  static std::size_t SumsSize(std::size_t width, std::size_t groups) {
    constexpr std::size_t L = kPackLanes<T>;
    return (width * groups + L - 1) / L * L * L;
  }
};

}  // namespace crease::norm
