// In: the runs that a store lacks. Out: sealed shards. Signals, progress, heartbeat and the
// comparison of digests meet here.
#pragma once

#include <string>

#include "apps/selection.h"
#include "lib/store/checkpoints.h"
#include "lib/store/writer.h"
#include "lib/sweep/runner.h"
#include "lib/sweep/spec.h"

namespace crease::apps {

struct TrainingRequest {
  std::string store_path;
  sweep::RunnerOptions runner;
  std::string command;      // as typed, for `crease status`
  bool may_differ = false;  // only warn where a run trained again gives another digest
  bool afresh = false;      // pass over checkpoints
};

struct TrainingOutcome {
  sweep::RunnerSummary runner;
  store::Writer::Summary written;
  bool interrupted = false;  // a signal came before all runs were trained
};

// Trains `selection.to_train` and seals what is complete, whatever ends the training. A run trained
// again whose digest differs from the stored one throws Error(kDamaged).
TrainingOutcome Train(const TrainingRequest& request, const sweep::Spec& spec,
                      const Selection& selection, sweep::DatasetCache& datasets,
                      store::Writer& writer, store::Checkpoints& checkpoints);

}  // namespace crease::apps
