// Scores the online detector on generated curves and prints the table.
//
//   crease_score_online [--seed 1] [--seeds 1] [--positives 300] [--negatives 1000]
//                       [--steps 20000] [--sampling every|50|log] [--divergence] [--warm-up]
//                       [--json] [--list]   every miss and every false alarm, one a line
//
// --positives and --negatives count the curves of one seed; --seeds 5 goes on with the next four.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <limits>
#include <string>
#include <vector>

#include "benchmarks/transitions/generator.h"
#include "benchmarks/transitions/online_metrics.h"
#include "lib/detect/online.h"

namespace {

using crease::benchmarks::CurveClass;
using crease::benchmarks::LabelledCurve;
using crease::benchmarks::Sampling;
using crease::detect::Alarm;

struct Arguments {
  std::uint64_t seed = 1, seeds = 1;
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
    if (word == "--seeds") arguments.seeds = std::strtoull(next(), nullptr, 10);
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

double CpuNanoseconds() {
  std::timespec now = {};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return 1e9 * static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec);
}

// As a training would: the curve comes sample by sample, changes of the learning rate are told
// just before the first step that they affect.
std::vector<Alarm> Feed(const LabelledCurve& curve) {
  crease::detect::OnlineDetector detector;
  std::vector<Alarm> alarms;
  std::size_t change = 0;
  for (std::size_t i = 0; i < curve.steps.size(); ++i) {
    while (change < curve.schedule_changes.size() &&
           curve.schedule_changes[change] <= curve.steps[i]) {
      detector.AnnounceScheduleChange();
      ++change;
    }
    if (const auto alarm = detector.Add(curve.steps[i], curve.losses[i])) alarms.push_back(*alarm);
  }
  return alarms;
}

void List(const LabelledCurve& curve, std::uint64_t seed, CurveClass curve_class,
          std::uint32_t index, std::vector<Alarm> alarms) {
  std::erase_if(alarms, [](const Alarm& alarm) { return alarm.schedule; });
  const auto matches = crease::benchmarks::MatchAlarms(curve.labels, alarms);
  std::vector<char> label(curve.labels.size(), 0), alarm(alarms.size(), 0);
  for (const auto& match : matches) label[match.label] = alarm[match.alarm] = 1;
  const std::string name = crease::benchmarks::ShortName(curve_class);
  for (std::size_t l = 0; l < label.size(); ++l) {
    const auto& t = curve.labels[l];
    if (label[l]) continue;
    std::printf("missed seed %llu %s %u: onset %.0f end %.0f drop %.2f sharpness %.1f\n",
                static_cast<unsigned long long>(seed), name.c_str(), index, t.onset_step,
                t.end_step, t.drop_nats, t.sharpness);
  }
  for (std::size_t a = 0; a < alarm.size(); ++a) {
    if (alarm[a]) continue;
    std::printf("false seed %llu %s %u: step %.0f onset %.0f drop %.2f score %.1f\n",
                static_cast<unsigned long long>(seed), name.c_str(), index, alarms[a].step,
                alarms[a].onset_step, alarms[a].drop_nats, alarms[a].score);
  }
}

template <typename Classes>
void Run(const Arguments& arguments, std::uint64_t seed, const Classes& classes,
         std::uint32_t curves, crease::benchmarks::OnlineScore& score) {
  const auto count = static_cast<std::uint32_t>(classes.size());
  constexpr int kRepetitions = 3;
  for (std::uint32_t i = 0; i < curves; ++i) {
    const CurveClass curve_class = classes[i % count];
    const std::uint32_t index = i / count;
    const LabelledCurve curve = MakeCurve(seed, curve_class, index, arguments.curve);
    std::vector<Alarm> alarms;
    double best = std::numeric_limits<double>::infinity();
    for (int repetition = 0; repetition < kRepetitions; ++repetition) {
      const double start = CpuNanoseconds();
      alarms = Feed(curve);
      best = std::min(best, CpuNanoseconds() - start);
    }
    score.AddTime(best, curve.steps.size());
    score.Add(curve_class, curve.labels, alarms);
    if (arguments.list) List(curve, seed, curve_class, index, alarms);
  }
}

}  // namespace

int main(int count, char** words) {
  const Arguments arguments = Parse(count, words);
  crease::benchmarks::OnlineScore score;
  for (std::uint64_t seed = arguments.seed; seed < arguments.seed + arguments.seeds; ++seed) {
    Run(arguments, seed, crease::benchmarks::kPositives, arguments.positives, score);
    Run(arguments, seed, crease::benchmarks::kNegatives, arguments.negatives, score);
  }
  std::fputs(arguments.json ? score.Json().c_str() : score.Markdown().c_str(), stdout);
}
