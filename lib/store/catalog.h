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
//   transition_counts  run_id, transitions (without those tagged schedule; NULL of a run without a
//                verdict), schedule_tagged
//   first_transitions  run_id, censored (1 of a run without a transition; NULL without a verdict),
//                time (step of the onset, or steps_done where censored), number and columns of the
//                first transition that is not tagged schedule (NULL where there is none), but
//                that tag
//   sweeps       name, question, overrides, text, modified_utc
//   shards       number, name, size_bytes, modified_ns, created_utc, replaces_runs, runs,
//                superseded_runs
//   superseded   run_id, shard (its number), digest: copies that another one takes the place of
// transition_counts and first_transitions, a row a run each, are views. So is runs: what all seeds
// of a cell share is kept once, in cells, and the rest in run_rows (in the order in which shards
// were read), which name their cell and their shard by number. The config of cells has seed 0.
// A figure that does not exist (NaN) is NULL. Of a run that several shards hold, `runs` has the
// copy in the newest. Its digest must be the same in all, unless the newer shard was made to
// replace older ones (copies.h).
class Catalog {
 public:
  enum class OnDamage {
    kThrow,  // a shard that cannot be read, or a run whose copies differ, is an error, once the
             // others are indexed
    kSkip,   // it is left out and named in damaged()
  };

  // Opens or makes DIR/catalog.sqlite and brings it up to date with the shards and sweep files
  // that are there. In memory where the directory cannot be written or the file is damaged beyond
  // repair. Throws Error(kInput) if `store_path` is no store and Error(kDamaged) naming a shard
  // that cannot be read, or a run with the shards and digests of copies that differ.
  explicit Catalog(const std::string& store_path, OnDamage on_damage = OnDamage::kThrow);
  ~Catalog();
  Catalog(Catalog&&) noexcept;
  Catalog& operator=(Catalog&&) noexcept;

  // Open as long as this lives; refuses to write. One thread at a time.
  sqlite3* connection() const;
  const std::string& store_path() const;
  std::set<std::string> RunIds() const;
  std::string NewestShardUtc() const;  // the latest created_utc; "" if there is no shard
  // What is wrong with the shards that cannot be read and with copies that differ, with the remedy.
  const std::vector<std::string>& damaged() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace crease::store
