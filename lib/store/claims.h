// Who trains what right now. Two processes that run the same sweep into the same store, by mistake
// or because somebody is in a hurry, do not train the same runs twice: each says in a file of
// STORE/tmp which runs it is about to train, and leaves out those that others have claimed.
//
// Claims live as long as their process, which holds a lock (flock) on the file. On file systems
// without locks all claims count as dead: runs may then be trained twice, which costs time and
// nothing else, for the catalogue counts a run once.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lib/store/files.h"

namespace crease::store {

struct Claim {
  std::string host;
  std::int64_t process = 0;
  std::vector<std::string> run_ids;  // sorted
};

// While one lives, no other process can change its claims: whoever reads what others have claimed,
// then what the store has, then claims the rest, has missed nothing, for a claim outlives the
// sealing of its runs. Keep it short: others wait. Not to be made twice by one thread.
class ClaimsLock {
 public:
  // Waits for its turn. Requires: the store is there. Throws Error(kSystem).
  explicit ClaimsLock(const std::string& store_path);
  ~ClaimsLock();
  ClaimsLock(const ClaimsLock&) = delete;
  ClaimsLock& operator=(const ClaimsLock&) = delete;

  // Of live processes, by host and process. Files that cannot be read, or are damaged, claim
  // nothing.
  std::vector<Claim> ReadClaims() const;

  // The runs are this process's until what is returned is destroyed. Throws Error(kSystem).
  std::unique_ptr<TemporaryFile> Take(std::vector<std::string> run_ids) const;

 private:
  std::string directory_, path_;
  int descriptor_ = -1;
};

}  // namespace crease::store
