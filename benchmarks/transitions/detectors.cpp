#include "benchmarks/transitions/detectors.h"

#include "benchmarks/transitions/baselines.h"
#include "benchmarks/transitions/oracle.h"
#include "lib/detect/offline.h"

namespace crease::benchmarks {
namespace {

std::vector<detect::Transition> FindOffline(const LabelledCurve& curve) {
  detect::OfflineOptions options;
  options.schedule_changes = curve.schedule_changes;
  return detect::FindTransitions(curve.steps, curve.losses, options).transitions;
}

}  // namespace

const std::vector<Detector>& Detectors() {
  static const std::vector<Detector> detectors = {
      {"offline", "the offline detector at default settings", FindOffline},
      {"slope", "-d ln L / d ln s of the smoothed curve above 1", FindBySlope},
      {"moving-average", "the definition on the smoothed curve", FindByMovingAverage},
      {"mean-shift", "optimal partitioning into constant means", FindByMeanShift},
      {"oracle", "likelihood ratio, told place, shape and noise", FindByOracle},
  };
  return detectors;
}

}  // namespace crease::benchmarks
