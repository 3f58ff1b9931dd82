// The version of the file format, which FORMAT.md describes.
#pragma once

#include <string>

namespace crease::store {

inline constexpr char kFormatName[] = "crease";
// A reader refuses a newer major version; a newer minor version only adds.
inline constexpr int kFormatMajor = 1;
inline constexpr int kFormatMinor = 1;
// Files of this minor version and later end in a seal (file_seal.h).
inline constexpr int kSealedSinceMinor = 1;

// A packed file of several shapes says how many in its root attribute `shapes`, and holds as many
// groups shape_0, shape_1, ..., each of which is a shard.
inline constexpr char kShapesAttribute[] = "shapes";
inline constexpr int kMostShapes = 10'000;
inline std::string ShapeGroup(int index) { return "shape_" + std::to_string(index); }

}  // namespace crease::store
