// The version of the file format, which FORMAT.md describes.
#pragma once

namespace crease::store {

inline constexpr char kFormatName[] = "crease";
// A reader refuses a newer major version; a newer minor version only adds.
inline constexpr int kFormatMajor = 1;
inline constexpr int kFormatMinor = 1;
// Files of this minor version and later end in a seal (file_seal.h).
inline constexpr int kSealedSinceMinor = 1;

}  // namespace crease::store
