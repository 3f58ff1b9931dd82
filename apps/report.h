// Tables and JSON that several subcommands print: figures per cell, and transitions.
#pragma once

#include <cstddef>
#include <ostream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "analysis/summary/summary.h"
#include "lib/detect/transition.h"
#include "lib/train/run_config.h"

namespace crease::apps {

using Json = nlohmann::ordered_json;

// NaN and infinities are null in JSON; reals that are whole numbers stay reals.
Json ToJson(const summary::Summary& summary);
Json ToJson(const detect::Transition& transition);

// To Out(), indented, with a line end. Text that is no UTF-8 is repaired.
void PrintJson(const Json& json);

void PrintSummary(std::ostream& out, const summary::Summary& summary);

// A transition and the run it belongs to; no run for a curve of the user's own.
struct TransitionRow {
  std::string run_id;
  const train::RunConfig* config = nullptr;
  detect::Transition transition;
};

// At most `limit` rows (0: all), by run in the order given. `keys` are the configuration keys to
// show beside the run id, which is cut to `prefix` digits.
void PrintTransitions(std::ostream& out, const std::vector<TransitionRow>& rows,
                      const std::vector<std::string>& keys, std::size_t prefix,
                      std::size_t limit = 0);

// "width" of "model.width".
std::string ShortName(const std::string& key);

}  // namespace crease::apps
