#include "apps/version.h"

#include "lib/core/build_info.h"
#include "lib/core/numerics_version.h"

namespace crease::apps {

std::string VersionLine() {
  const BuildInfo& info = GetBuildInfo();
  return "crease " + std::string(info.version) + " (git " + std::string(info.git_commit) +
         ", numerics " + std::to_string(kNumericsVersion) + ")";
}

}  // namespace crease::apps
