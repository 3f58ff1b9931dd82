// A phase transition in a loss curve: a plateau, then a sudden drop.
#pragma once

#include <cstdint>
#include <string>

namespace crease::detect {

// With s the step, y(s) the logarithm of the mean loss around s and r = -dy/ds its decay rate, a
// transition is a significant increase and later decrease of r in linear time. Under a fixed
// kernel ln loss is convex, so r never increases.
struct Transition {
  double onset_step = 0;     // r rises through a third of its peak
  double midpoint_step = 0;  // half of the drop is done
  double end_step = 0;       // r falls through a third of its peak, or the end of the curve
  double width_steps = 0;    // end - onset
  double loss_before = 0;    // at the onset
  double loss_after = 0;     // at the end
  double drop_nats = 0;      // ln(loss_before / loss_after)
  double sharpness = 0;      // max of -d ln loss / d ln s over the transition
  double peak_rate = 0;      // max of r, nats a step
  double plateau_steps = 0;  // length of the plateau before the onset
  double plateau_loss = 0;   // mean loss on it
  double z_score = 0;        // root of the likelihood ratio to the best log-convex curve
  double p_value = 1;        // share of log-convex curves that would show as much somewhere
  bool open = false;         // the curve ends before r falls below a third of its peak
  bool overlap = false;      // closer to a neighbour than the wider of both is wide
  bool schedule = false;     // learning rate, batch or data change within [onset - width, end]
};

}  // namespace crease::detect
