// crease transitions STORE | FILE.csv --sensitivity: what other settings of the detector find.
#include <charconv>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "analysis/statistics/statistics.h"
#include "analysis/transitions/cells.h"
#include "analysis/transitions/online_agreement.h"
#include "analysis/transitions/sensitivity.h"
#include "apps/exit_codes.h"
#include "apps/output.h"
#include "apps/store_curves.h"
#include "apps/table.h"
#include "apps/text.h"
#include "apps/transitions_request.h"

namespace crease::apps {
namespace {

using transitions::OnlineAgreement;
using transitions::Sensitivity;
using transitions::Setting;

std::string Shortest(double value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

// The detections of many curves, with every setting.
class Variation {
 public:
  explicit Variation(const detect::OfflineOptions& base)
      : base_(base), settings_(transitions::SettingsAround(base)), found_(settings_.size()) {}

  // Thread-safe. `changes`: steps at which the schedule changes.
  void Add(std::span<const double> steps, std::span<const float> values,
           const std::vector<double>& changes) {
    detect::OfflineOptions options = base_;
    options.schedule_changes = changes;
    const detect::Detection base = detect::FindTransitions(steps, values, options);
    if (!base.no_verdict.empty()) {
      const std::lock_guard lock(mutex_);
      ++no_verdicts_[base.no_verdict];
      return;
    }
    const auto of_base = transitions::Intrinsic(base);
    std::vector<Sensitivity> found(settings_.size());
    for (std::size_t i = 0; i < settings_.size(); ++i) {
      options = settings_[i].options;
      options.schedule_changes = changes;
      const auto of_setting =
          settings_[i].is_base
              ? of_base
              : transitions::Intrinsic(detect::FindTransitions(steps, values, options));
      found[i].Add(of_base, of_setting);
    }
    OnlineAgreement online;
    if (!base_.rising) {
      online.Add(of_base, transitions::IntrinsicAlarms(steps, values, changes));
    }
    const std::lock_guard lock(mutex_);
    ++curves_;
    online_.Add(online);
    for (std::size_t i = 0; i < found.size(); ++i) found_[i].Add(found[i]);
  }

  std::int64_t curves() const { return curves_; }
  // Curves without a verdict, by the reason.
  const std::map<std::string, std::int64_t>& no_verdicts() const { return no_verdicts_; }

  Json AsJson() const {
    Json list = Json::array();
    for (std::size_t i = 0; i < settings_.size(); ++i) {
      const Sensitivity& found = found_[i];
      list.push_back({{"setting", settings_[i].name},
                      {"value", settings_[i].value},
                      {"is_base", settings_[i].is_base},
                      {"transitions", found.transitions},
                      {"runs_with_transition", found.runs_with_one},
                      {"also_in_base", found.matches},
                      {"base_transitions", found.base_transitions},
                      {"agreement", found.agreement()}});
    }
    return list;
  }

  // Nothing of rising curves, which the online detector does not watch.
  Json OnlineAsJson() const {
    if (base_.rising) return nullptr;
    return {{"transitions", online_.transitions},
            {"alarms", online_.alarms},
            {"matches", online_.matches},
            {"median_delay_widths", statistics::Median(online_.delays_in_widths)}};
  }

  void PrintOnline(std::ostream& out) const {
    if (base_.rising) return;
    out << "\nthe online detector, which sees the loss while it comes: "
        << Counted(online_.alarms, "alarm") << ", on " << FormatCount(online_.matches) << " of "
        << Counted(online_.transitions, "transition");
    if (online_.matches > 0) {
      out << ", " << FormatNumber(statistics::Median(online_.delays_in_widths), 2)
          << " of their width after the onset (median)";
    }
    out << "\n";
  }

  void Print(std::ostream& out) const {
    const bool as_default = IsDefault();
    Table table;
    table.AddColumn("setting", false);
    for (const char* title : {"value", "transitions", "runs with one", "agreement"}) {
      table.AddColumn(title);
    }
    table.AddColumn("", false);
    for (std::size_t i = 0; i < settings_.size(); ++i) {
      const bool first = i == 0 || settings_[i].name != settings_[i - 1].name;
      table.AddRow({first ? settings_[i].name : "", Shortest(settings_[i].value),
                    FormatCount(found_[i].transitions), FormatCount(found_[i].runs_with_one),
                    FormatShare(found_[i].agreement()),
                    !settings_[i].is_base ? ""
                    : as_default          ? "default"
                                          : "as given"});
    }
    table.Print(out);
  }

 private:
  bool IsDefault() const {
    const detect::OfflineOptions defaults;
    return base_.contrast == defaults.contrast && base_.minimum_z == defaults.minimum_z &&
           base_.maximum_p_value == defaults.maximum_p_value &&
           base_.minimum_drop_nats == defaults.minimum_drop_nats &&
           base_.plateau_share == defaults.plateau_share;
  }

  detect::OfflineOptions base_;
  std::vector<Setting> settings_;
  std::mutex mutex_;
  std::int64_t curves_ = 0;
  std::vector<Sensitivity> found_;  // by setting
  OnlineAgreement online_;
  std::map<std::string, std::int64_t> no_verdicts_;
};

void AddStore(const TransitionsRequest& request, Variation& variation) {
  const store::Catalog catalog(request.path);
  const auto runs = summary::ReadRuns(catalog);
  VisitCurves(request.path, request.column, runs, [&](std::size_t run, auto steps, auto values) {
    variation.Add(steps, values, OptionsFor(request.detection, runs[run].config).schedule_changes);
  });
}

}  // namespace

int VarySettings(const TransitionsRequest& request) {
  Variation variation(request.detection);
  if (request.is_store) {
    AddStore(request, variation);
  } else {
    const curve::Curve curve = ReadCurve(request);
    variation.Add(curve.steps, curve.values, {});
  }
  Json no_verdict = Json::array();
  for (const auto& [reason, curves] : variation.no_verdicts()) {
    Message("no verdict on " + Counted(curves, "curve") + ": " + reason);
    no_verdict.push_back({{"reason", reason}, {"curves", curves}});
  }
  if (request.json) {
    PrintJson({{"curves", variation.curves()},
               {"settings", variation.AsJson()},
               {"online", variation.OnlineAsJson()},
               {"no_verdict", no_verdict}});
  } else if (variation.curves() == 0) {
    Message("there is no curve to judge");
  } else {
    Out() << "what the detector finds in " << Counted(variation.curves(), "curve")
          << ", one setting changed at a time; agreement: of the transitions that either finds, "
             "the share that both find\n";
    variation.Print(Out());
    variation.PrintOnline(Out());
  }
  return kDone;
}

}  // namespace crease::apps
