// In: runs of a store. Out: what they give when they are trained again.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "lib/core/stop.h"
#include "lib/store/copies.h"

namespace crease::apps {

struct Retrained {
  std::map<std::string, std::string> digests;         // by run id
  std::map<std::string, std::string> not_comparable;  // by run id: why not
  bool stopped = false;
};

// Trains each run of `runs` again, recording nothing, after a look at whether it can give the same
// bits: other versions of the numerics and data that are gone or have changed cannot.
Retrained TrainAgain(std::vector<store::RunCopy> runs, int threads, StopToken& stop);

// `count` of these ids, each equally likely, the same ones every time for the same ids.
std::vector<std::string> SampleOf(const std::vector<std::string>& run_ids, std::size_t count);

}  // namespace crease::apps
