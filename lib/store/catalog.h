// The derived index of a store: SQLite tables fed from the sealed shards. Deleting it loses
// nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

struct sqlite3;

namespace crease::store {

// Tables:
//   runs         run_id, shard, shard_row, sweep, one column per configuration key (its short
//                name, as in the shards), outcome, steps_done, wall_seconds, digest, final_loss,
//                final_accuracy, final_test_loss, final_test_accuracy, best_accuracy,
//                transition_count, no_verdict, config (JSON), record (JSON)
//   transitions  run_id, number within the run, and the columns of detect::Transition
//   sweeps       name, question, overrides, text, modified_utc
class Catalog {
 public:
  // Opens or makes DIR/catalog.sqlite and brings it up to date with the shards and sweep files
  // that are there. In memory where the directory cannot be written or the file is damaged beyond
  // repair. Throws Error(kInput) if `store_path` is no store and Error(kDamaged) naming a shard
  // that cannot be read.
  explicit Catalog(const std::string& store_path);
  ~Catalog();
  Catalog(Catalog&&) noexcept;

  sqlite3* connection() const;
  std::set<std::string> RunIds() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace crease::store
