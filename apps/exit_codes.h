// How `crease` ends.
#pragma once

namespace crease::apps {

enum ExitCode : int {
  kDone = 0,
  kSomeRunsFailed = 1,  // finished, but some runs failed (diverging is no failure)
  kWrongInput = 2,
  kDamaged = 3,        // a store or a file is damaged or does not match
  kSystemRefused = 4,  // disk full, permission, out of memory
  kInterrupted = 130,  // completed runs are kept
};

}  // namespace crease::apps
