#include "apps/transitions_request.h"

#include <charconv>
#include <cmath>
#include <filesystem>
#include <initializer_list>
#include <system_error>

#include "analysis/transitions/keys.h"
#include "apps/arguments.h"
#include "lib/core/error.h"

namespace crease::apps {
namespace {

namespace fs = std::filesystem;
namespace po = boost::program_options;

struct RealSetting {
  const char* name;
  double detect::OfflineOptions::*field;
  double low, high;
  const char* meaning;
};

constexpr RealSetting kSettings[] = {
    {"minimum-z", &detect::OfflineOptions::minimum_z, 0, 1e6,
     "least significance, in standard deviations"},
    {"maximum-p", &detect::OfflineOptions::maximum_p_value, 0, 1,
     "largest p-value: share of curves without a transition that would show as much"},
    {"minimum-drop", &detect::OfflineOptions::minimum_drop_nats, 0.01, 100, "least drop, in nats"},
    {"contrast", &detect::OfflineOptions::contrast, 1.5, 100,
     "how many times slower the loss must fall before (and after, unless the curve ends)"},
    {"plateau-share", &detect::OfflineOptions::plateau_share, 0, 100,
     "least length of the plateau before, as a share of the transition's width"},
};

std::string Short(double value) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  return {text, end};
}

void AddSettings(Grammar& grammar) {
  const detect::OfflineOptions defaults;
  for (const RealSetting& setting : kSettings) {
    const std::string help =
        std::string(setting.meaning) + " (default: " + Short(defaults.*setting.field) + ")";
    grammar.options.add_options()(setting.name, po::value<std::string>()->value_name("X"),
                                  help.c_str());
  }
}

Grammar TransitionsGrammar() {
  Grammar grammar("transitions");
  grammar.synopsis = "STORE | FILE.csv [options]";
  grammar.description =
      "Detects the sudden drops in the loss curves of a store's runs (again, from the curves),\n"
      "or in a curve of a CSV file (-: standard input), and prints one row a transition: steps at "
      "which it begins,\n"
      "is half done and ends, loss before and after, drop in nats, sharpness (largest\n"
      "-d ln loss / d ln step), length of the plateau before it, z score.\n\n"
      "With --by: figures of the cells that the keys make, over all their seeds. How many runs\n"
      "have how many transitions, when the first begins (Kaplan-Meier; a run without one counts\n"
      "as not yet), whether the cells differ (log-rank), how large the transitions are.\n"
      "With --sensitivity: what other settings of the detector find.\n\n"
      "Both leave out what a change of the learning rate, batch or data explains.\n"
      "Example: crease transitions out --by width,depth --minimum-drop 0.5";
  grammar.positional = {"STORE|FILE.csv"};
  grammar.required = 1;
  grammar.options.add_options()("STORE|FILE.csv", po::value<std::string>())(
      "by", po::value<std::string>()->value_name("KEY,KEY..."),
      "compare the cells that these configuration keys make: width,train.lr")(
      "curves", po::value<std::string>()->value_name("FILE"),
      "with --by: write what --json prints of each cell as curves. FILE.csv: mean and quantiles, "
      "the first transitions of all runs at once; FILE.json: that, and survival")(
      "sensitivity", po::bool_switch(), "vary the detector's settings one by one")(
      "column", po::value<std::string>()->value_name("NAME"),
      "the curve: a column of the file, or a per-step figure of the store (default: loss)")(
      "step-column", po::value<std::string>()->value_name("NAME"),
      "the steps: a column of the file (default: step, iteration, epoch or the like, else the "
      "rows are counted)")("rising", po::bool_switch(),
                           "look for sudden rises (accuracy) instead of drops")(
      "stored", po::bool_switch(),
      "take the transitions that the store holds, found in training; detect nothing");
  AddSettings(grammar);
  AddJsonOption(grammar);
  return grammar;
}

double Real(const RealSetting& setting, const std::string& text) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, fault] = std::from_chars(text.data(), end, value);
  // NaN fails both comparisons.
  const bool within = value >= setting.low && value <= setting.high;
  if (fault == std::errc() && stop == end && within) return value;
  throw InputError("--" + std::string(setting.name) + " " + text, "is not a number that it takes",
                   "give a number from " + Short(setting.low) + " to " + Short(setting.high));
}

detect::OfflineOptions DetectionOptions(const Arguments& arguments) {
  detect::OfflineOptions options;
  options.rising = arguments.Flag("rising");
  for (const RealSetting& setting : kSettings) {
    if (!arguments.Has(setting.name)) continue;
    options.*setting.field = Real(setting, arguments.Text(setting.name));
  }
  return options;
}

bool IsGiven(const Arguments& arguments, const std::string& name) {
  const bool flag = name == "rising" || name == "stored" || name == "sensitivity";
  return flag ? arguments.Flag(name) : arguments.Has(name);
}

void RefuseOptions(const Arguments& arguments, std::initializer_list<const char*> names,
                   const std::string& why, const std::string& remedy) {
  for (const char* name : names) {
    if (IsGiven(arguments, name)) throw InputError("--" + std::string(name), why, remedy);
  }
}

void CheckCurvesPath(const std::string& path) {
  const fs::path file(path);
  if (file.extension() != ".csv" && file.extension() != ".json") {
    throw InputError("--curves " + path, "is neither a .csv nor a .json file",
                     "end its name in one of them");
  }
  // Detection may take minutes; a folder that is not there is better told now.
  if (file.has_parent_path() && !fs::is_directory(file.parent_path())) {
    throw InputError("--curves " + path, "its folder does not exist",
                     "mkdir -p " + file.parent_path().string());
  }
}

// Options that do not go together would otherwise be ignored without a word.
void CheckTogether(const Arguments& arguments, const TransitionsRequest& request) {
  if (!request.is_store) {
    RefuseOptions(arguments, {"by", "curves", "stored"},
                  "is for stores; " + request.path + " is a file", "leave it out");
  } else {
    RefuseOptions(arguments, {"step-column"}, "is for CSV files; a store knows its steps",
                  "leave it out");
  }
  if (!arguments.Has("by")) {
    RefuseOptions(arguments, {"curves"}, "writes the curves of cells, and there are none",
                  "name the cells' keys with --by");
  } else {
    RefuseOptions(arguments, {"sensitivity"}, "does not go with --by", "ask for one at a time");
  }
  if (request.stored) {
    RefuseOptions(arguments,
                  {"column", "rising", "sensitivity", "minimum-z", "minimum-drop", "contrast",
                   "maximum-p", "plateau-share"},
                  "needs a detection, and --stored takes what was found in training",
                  "leave one of them out");
  }
}

}  // namespace

bool ParseTransitions(const std::vector<std::string>& words, TransitionsRequest& request) {
  const auto arguments = ParseArguments(TransitionsGrammar(), words);
  if (!arguments) return false;
  request.path = arguments->Text("STORE|FILE.csv");
  const bool standard_input = request.path == "-";
  if (!standard_input && !fs::exists(request.path)) {
    throw InputError(request.path, "does not exist", "name a store's directory or a CSV file");
  }
  request.is_store = !standard_input && fs::is_directory(request.path);
  request.column = arguments->Text("column");
  request.step_column = arguments->Text("step-column");
  request.stored = arguments->Flag("stored");
  request.sensitivity = arguments->Flag("sensitivity");
  request.json = arguments->Flag("json");
  request.curves_path = arguments->Text("curves");
  CheckTogether(*arguments, request);
  request.detection = DetectionOptions(*arguments);
  if (arguments->Has("by")) request.by = transitions::ParseKeys("--by", arguments->Text("by"));
  if (arguments->Has("curves")) CheckCurvesPath(request.curves_path);
  return true;
}

}  // namespace crease::apps
