// What this binary was built from and with: provenance for stores and `crease --version`.
#pragma once

#include <string_view>

namespace crease {

struct BuildInfo {
  std::string_view version;     // "0.1.0"
  std::string_view git_commit;  // 40 hexadecimal digits, "-dirty" appended if files differ from
                                // it; "unknown" outside of a checkout
  std::string_view compiler;    // "GNU 12.2.0"
  std::string_view flags;       // of the build type
};

const BuildInfo& GetBuildInfo();

}  // namespace crease
