// The version of the file format, which FORMAT.md describes.
#pragma once

namespace crease::store {

inline constexpr char kFormatName[] = "crease";
// A reader refuses a newer major version; a newer minor version only adds.
inline constexpr int kFormatMajor = 1;
inline constexpr int kFormatMinor = 0;

}  // namespace crease::store
