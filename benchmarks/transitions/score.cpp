// Scores the offline detector on generated curves and prints the table.
//
//   crease_score_transitions [--seed 1] [--positives 300] [--negatives 1000] [--steps 20000]
//                            [--sampling every|50|log] [--divergence] [--warm-up] [--json]
//                            [--list]   every miss and every false detection, one a line
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "benchmarks/transitions/generator.h"
#include "benchmarks/transitions/metrics.h"
#include "lib/detect/offline.h"

namespace {

using crease::benchmarks::CurveClass;
using crease::benchmarks::LabelledCurve;
using crease::benchmarks::Sampling;

struct Arguments {
  std::uint64_t seed = 1;
  std::uint32_t positives = 300, negatives = 1000;
  crease::benchmarks::CurveOptions curve;
  bool json = false, list = false;
};

Arguments Parse(int count, char** words) {
  Arguments arguments;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    const auto next = [&] { return i + 1 < count ? words[++i] : words[i]; };
    if (word == "--seed") arguments.seed = std::strtoull(next(), nullptr, 10);
    if (word == "--positives") arguments.positives = static_cast<std::uint32_t>(std::atoi(next()));
    if (word == "--negatives") arguments.negatives = static_cast<std::uint32_t>(std::atoi(next()));
    if (word == "--steps") arguments.curve.steps = std::atoll(next());
    if (word == "--sampling") {
      const std::string kind = next();
      arguments.curve.sampling = kind == "50"    ? Sampling::kEvery50
                                 : kind == "log" ? Sampling::kLogSpaced
                                                 : Sampling::kEveryStep;
    }
    if (word == "--divergence") arguments.curve.divergence = true;
    if (word == "--warm-up") arguments.curve.warm_up = true;
    if (word == "--json") arguments.json = true;
    if (word == "--list") arguments.list = true;
  }
  return arguments;
}

void Print(const char* kind, CurveClass curve_class, std::uint32_t index,
           const crease::detect::Transition& t) {
  std::printf("%s %s %u: onset %.0f mid %.0f end %.0f drop %.2f z %.1f plateau %.0f\n", kind,
              crease::benchmarks::ShortName(curve_class).c_str(), index, t.onset_step,
              t.midpoint_step, t.end_step, t.drop_nats, t.z_score, t.plateau_steps);
}

void List(const LabelledCurve& curve, CurveClass curve_class, std::uint32_t index,
          const std::vector<crease::detect::Transition>& detections) {
  const auto matches = crease::benchmarks::MatchTransitions(curve.labels, detections);
  std::vector<char> label(curve.labels.size(), 0), detection(detections.size(), 0);
  for (const auto& match : matches) label[match.label] = detection[match.detection] = 1;
  for (std::size_t l = 0; l < label.size(); ++l) {
    if (!label[l]) Print("missed", curve_class, index, curve.labels[l]);
  }
  for (std::size_t d = 0; d < detection.size(); ++d) {
    if (!detection[d] && !detections[d].schedule) {
      Print("false", curve_class, index, detections[d]);
    }
  }
}

template <typename Classes>
void Run(const Arguments& arguments, const Classes& classes, std::uint32_t curves,
         crease::benchmarks::Score& score) {
  const auto count = static_cast<std::uint32_t>(classes.size());
  for (std::uint32_t i = 0; i < curves; ++i) {
    const CurveClass curve_class = classes[i % count];
    const std::uint32_t index = i / count;
    const LabelledCurve curve = MakeCurve(arguments.seed, curve_class, index, arguments.curve);
    crease::detect::OfflineOptions options;
    options.schedule_changes = curve.schedule_changes;
    const auto start = std::chrono::steady_clock::now();
    const auto detection = crease::detect::FindTransitions(curve.steps, curve.losses, options);
    const std::chrono::duration<double, std::milli> elapsed =
        std::chrono::steady_clock::now() - start;
    score.AddTime(elapsed.count());
    if (curve_class <= CurveClass::kKinks) {
      score.AddPositive(curve_class, curve.labels, detection.transitions);
    } else {
      score.AddNegative(curve_class, detection.transitions);
    }
    if (arguments.list) List(curve, curve_class, index, detection.transitions);
  }
}

}  // namespace

int main(int count, char** words) {
  const Arguments arguments = Parse(count, words);
  crease::benchmarks::Score score;
  Run(arguments, crease::benchmarks::kPositives, arguments.positives, score);
  Run(arguments, crease::benchmarks::kNegatives, arguments.negatives, score);
  std::fputs(arguments.json ? score.Json().c_str() : score.Markdown().c_str(), stdout);
}
