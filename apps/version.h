// What this program calls itself.
#pragma once

#include <string>

namespace crease::apps {

// "crease 0.1.0 (git 0123abcd..., numerics 1)".
std::string VersionLine();

}  // namespace crease::apps
