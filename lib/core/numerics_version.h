// The version of the numerics contract: two builds with the same number train the same bits.
#pragma once

namespace crease {

// Raised by every change that alters the bits of any run or its digest, together with the golden
// signature.
inline constexpr int kNumericsVersion = 6;

}  // namespace crease
