// Scores detectors on generated curves and prints the table. See --help.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

#include <boost/program_options.hpp>

#include "benchmarks/transitions/calibration.h"
#include "benchmarks/transitions/comparison.h"
#include "benchmarks/transitions/detectors.h"
#include "benchmarks/transitions/generator.h"
#include "benchmarks/transitions/metrics.h"
#include "benchmarks/transitions/oracle.h"

namespace {

namespace po = boost::program_options;
using crease::benchmarks::CurveClass;
using crease::benchmarks::Detector;
using crease::benchmarks::LabelledCurve;
using crease::benchmarks::Sampling;
using Transitions = std::vector<crease::detect::Transition>;

struct Request {
  std::uint64_t seed = 1;
  std::uint32_t positives = 300, negatives = 1000;
  crease::benchmarks::CurveOptions curve;
  std::vector<Detector> detectors;
  bool json = false, list = false, calibration = false;
};

Sampling SamplingOf(const std::string& name) {
  if (name == "every") return Sampling::kEveryStep;
  if (name == "50") return Sampling::kEvery50;
  if (name == "log") return Sampling::kLogSpaced;
  throw std::invalid_argument("--sampling takes every, 50 or log, not " + name);
}

std::vector<Detector> DetectorsOf(const std::string& name, Sampling sampling) {
  std::vector<Detector> chosen;
  std::string names = "all";
  for (const Detector& detector : crease::benchmarks::Detectors()) {
    names += ", " + detector.name;
    const bool possible = detector.name != "oracle" || sampling == Sampling::kEveryStep;
    if (detector.name == name || (name == "all" && possible)) chosen.push_back(detector);
    if (detector.name == name && !possible) {
      throw std::invalid_argument("the oracle wants every step: --sampling every");
    }
  }
  if (chosen.empty()) throw std::invalid_argument("--detector takes " + names + ", not " + name);
  return chosen;
}

// Nothing if help was asked for.
bool Parse(int count, char** words, Request& request) {
  std::string sampling, detector;
  po::options_description options("crease_score_transitions: scores detectors of transitions");
  auto add = options.add_options();
  add("help,h", "this text");
  add("seed", po::value(&request.seed)->default_value(1), "1 ... 99: tuning; others: judging");
  add("positives", po::value(&request.positives)->default_value(300), "curves with transitions");
  add("negatives", po::value(&request.negatives)->default_value(1000), "curves without");
  add("steps", po::value(&request.curve.steps)->default_value(20000), "1,000 ... 1,000,000");
  add("sampling", po::value(&sampling)->default_value("every"), "every, 50 or log");
  add("divergence", po::bool_switch(&request.curve.divergence), "the last tenth is NaN");
  add("warm-up", po::bool_switch(&request.curve.warm_up), "an initial rise");
  add("detector", po::value(&detector)->default_value("offline"), "one of them, or all");
  add("calibration", po::bool_switch(&request.calibration),
      "the p-values of the negative curves instead");
  add("json", po::bool_switch(&request.json), "results as JSON");
  add("list", po::bool_switch(&request.list), "every miss and every false detection, one a line");
  po::variables_map values;
  po::store(po::parse_command_line(count, words, options), values);
  po::notify(values);
  if (values.count("help") > 0) {
    std::cout << options;
    return false;
  }
  if (request.curve.steps < 1000 || request.curve.steps > 1000000) {
    throw std::invalid_argument("--steps takes 1,000 to 1,000,000");
  }
  request.curve.sampling = SamplingOf(sampling);
  request.detectors = DetectorsOf(detector, request.curve.sampling);
  return true;
}

void Print(const char* kind, const std::string& detector, CurveClass curve_class,
           std::uint32_t index, const crease::detect::Transition& t) {
  std::printf("%s %s %u: onset %.0f mid %.0f end %.0f drop %.2f z %.1f plateau %.0f (%s)\n", kind,
              crease::benchmarks::ShortName(curve_class).c_str(), index, t.onset_step,
              t.midpoint_step, t.end_step, t.drop_nats, t.z_score, t.plateau_steps,
              detector.c_str());
}

void List(const LabelledCurve& curve, const std::string& detector, CurveClass curve_class,
          std::uint32_t index, const Transitions& detections) {
  const auto matches = crease::benchmarks::MatchTransitions(curve.labels, detections);
  std::vector<char> label(curve.labels.size(), 0), detection(detections.size(), 0);
  for (const auto& match : matches) label[match.label] = detection[match.detection] = 1;
  for (std::size_t l = 0; l < label.size(); ++l) {
    if (!label[l]) Print("missed", detector, curve_class, index, curve.labels[l]);
  }
  for (std::size_t d = 0; d < detection.size(); ++d) {
    if (!detection[d] && !detections[d].schedule) {
      Print("false", detector, curve_class, index, detections[d]);
    }
  }
}

class Scoring {
 public:
  explicit Scoring(const Request& request) : request_(request), scores_(request.detectors.size()) {}

  std::vector<crease::benchmarks::Score> Run() {
    using crease::benchmarks::kNegatives;
    using crease::benchmarks::kPositives;
    for (std::uint32_t i = 0; i < request_.positives; ++i) {
      Add(kPositives[i % kPositives.size()], i / kPositives.size());
    }
    for (std::uint32_t i = 0; i < request_.negatives; ++i) {
      Add(kNegatives[i % kNegatives.size()], i / kNegatives.size());
    }
    return std::move(scores_);
  }

 private:
  void Add(CurveClass curve_class, std::size_t number) {
    const auto index = static_cast<std::uint32_t>(number);
    const bool positive = curve_class <= CurveClass::kKinks;
    const LabelledCurve curve = MakeCurve(request_.seed, curve_class, index, request_.curve);
    for (std::size_t d = 0; d < scores_.size(); ++d) {
      const Detector& detector = request_.detectors[d];
      const auto start = std::chrono::steady_clock::now();
      const Transitions found =
          positive || detector.name != "oracle" ? detector.find(curve) : AskOracle(curve, index);
      const std::chrono::duration<double, std::milli> elapsed =
          std::chrono::steady_clock::now() - start;
      scores_[d].AddTime(elapsed.count());
      if (positive) {
        scores_[d].AddPositive(curve_class, curve.labels, found);
      } else {
        scores_[d].AddNegative(curve_class, found);
      }
      if (request_.list) List(curve, detector.name, curve_class, index, found);
    }
  }

  // What there might be on the curve it must be told, too: the transition of some other.
  Transitions AskOracle(const LabelledCurve& curve, std::uint32_t index) const {
    return FalseAlarmsOfOracle(
        curve, MakeCurve(request_.seed, CurveClass::kSigmoids, index, request_.curve));
  }

  const Request& request_;
  std::vector<crease::benchmarks::Score> scores_;
};

}  // namespace

int main(int count, char** words) {
  Request request;
  try {
    if (!Parse(count, words, request)) return 0;
  } catch (const std::exception& error) {
    std::cerr << "crease_score_transitions: " << error.what() << "\n";
    return 2;
  }
  if (request.calibration) {
    std::cout << crease::benchmarks::Calibration(request.seed, request.negatives, request.curve);
    return 0;
  }
  const auto scores = Scoring(request).Run();
  std::vector<crease::benchmarks::NamedScore> named;
  for (std::size_t d = 0; d < scores.size(); ++d) {
    named.push_back({request.detectors[d].name, &scores[d]});
  }
  std::cout << (request.json ? ComparisonJson(named) : ComparisonMarkdown(named));
}
