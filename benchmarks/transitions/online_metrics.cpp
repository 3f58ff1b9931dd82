#include "benchmarks/transitions/online_metrics.h"

#include <algorithm>
#include <cstdio>
#include <iterator>

namespace crease::benchmarks {
namespace {

double Quantile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1) + 0.5)];
}

double Ratio(std::size_t part, std::size_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

template <typename... Arguments>
std::string Format(const char* format, Arguments... arguments) {
  char line[256];
  std::snprintf(line, sizeof line, format, arguments...);
  return line;
}

}  // namespace

std::vector<AlarmMatch> MatchAlarms(std::span<const detect::Transition> labels,
                                    std::span<const detect::Alarm> alarms) {
  std::vector<AlarmMatch> matches;
  std::vector<char> taken(labels.size(), 0);
  for (std::size_t a = 0; a < alarms.size(); ++a) {
    for (std::size_t l = 0; l < labels.size(); ++l) {
      const detect::Transition& label = labels[l];
      const double least = std::max(0.05 * label.midpoint_step, 10.0);
      const double early = std::max(0.5 * label.width_steps, least);
      const double late = std::max(label.width_steps, least);
      if (taken[l] || alarms[a].step < label.onset_step - early ||
          alarms[a].step > label.end_step + late) {
        continue;
      }
      taken[l] = 1;
      matches.push_back({l, a});
      break;
    }
  }
  return matches;
}

void OnlineScore::Add(CurveClass curve_class, const std::vector<detect::Transition>& labels,
                      const std::vector<detect::Alarm>& alarms) {
  std::vector<detect::Alarm> intrinsic;
  std::copy_if(alarms.begin(), alarms.end(), std::back_inserter(intrinsic),
               [](const detect::Alarm& alarm) { return !alarm.schedule; });
  const std::vector<AlarmMatch> matches = MatchAlarms(labels, intrinsic);
  Counts& counts = counts_[static_cast<std::size_t>(curve_class)];
  ++counts.curves;
  counts.events += labels.size();
  counts.found += matches.size();
  counts.alarms += intrinsic.size();
  const auto band = [](double drop) { return drop < 0.5 ? 0u : drop < 1 ? 1u : 2u; };
  for (const detect::Transition& label : labels) ++by_drop_[band(label.drop_nats)].events;
  for (const AlarmMatch& match : matches) {
    const detect::Transition& label = labels[match.label];
    const double alarm_step = intrinsic[match.alarm].step;
    ++by_drop_[band(label.drop_nats)].found;
    delays_in_steps_.push_back(alarm_step - label.onset_step);
    counts.delays.push_back((alarm_step - label.onset_step) / label.width_steps);
    before_end_ += alarm_step < label.end_step ? 1 : 0;
  }
}

void OnlineScore::AddTime(double nanoseconds, std::size_t samples) {
  nanoseconds_ += nanoseconds;
  samples_ += samples;
}

OnlineScore::Counts OnlineScore::Total(bool positive) const {
  Counts total;
  for (std::size_t c = 0; c < kClasses; ++c) {
    if ((c < kPositives.size()) != positive) continue;
    const Counts& counts = counts_[c];
    total.curves += counts.curves;
    total.events += counts.events;
    total.found += counts.found;
    total.alarms += counts.alarms;
    total.delays.insert(total.delays.end(), counts.delays.begin(), counts.delays.end());
  }
  return total;
}

double OnlineScore::recall() const { return Ratio(Total(true).found, Total(true).events); }
double OnlineScore::precision() const { return Ratio(Total(true).found, Total(true).alarms); }
double OnlineScore::false_alarms_per_1000() const {
  return 1000 * Ratio(Total(false).alarms, Total(false).curves);
}
double OnlineScore::DelayInWidths(double quantile) const {
  return Quantile(Total(true).delays, quantile);
}
double OnlineScore::DelayInSteps(double quantile) const {
  return Quantile(delays_in_steps_, quantile);
}
double OnlineScore::share_before_end() const { return Ratio(before_end_, Total(true).found); }
double OnlineScore::nanoseconds_a_step() const {
  return samples_ == 0 ? 0 : nanoseconds_ / static_cast<double>(samples_);
}

std::string OnlineScore::Markdown() const {
  std::string text =
      "| precision | recall | false alarms / 1,000 | delay in W: p10 / median / p90 | delay in "
      "steps: median / p90 | before the end | ns a step | bytes of state |\n"
      "|---|---|---|---|---|---|---|---|\n";
  text += Format("| %.3f | %.3f | %.1f | %.2f / %.2f / %.2f | %.0f / %.0f | %.2f | %.1f | %zu |\n",
                 precision(), recall(), false_alarms_per_1000(), DelayInWidths(0.1),
                 DelayInWidths(0.5), DelayInWidths(0.9), DelayInSteps(0.5), DelayInSteps(0.9),
                 share_before_end(), nanoseconds_a_step(), sizeof(detect::OnlineDetector));
  text += "\n| class | curves | events | found | alarms | recall | delay in W: median / p90 | ";
  text += "false a curve x 1,000 |\n|---|---|---|---|---|---|---|---|\n";
  for (std::size_t c = 0; c < kClasses; ++c) {
    const Counts& n = counts_[c];
    if (n.curves == 0) continue;
    text += Format("| %s | %zu | %zu | %zu | %zu | %.3f | %.2f / %.2f | %.1f |\n",
                   ShortName(static_cast<CurveClass>(c)).c_str(), n.curves, n.events, n.found,
                   n.alarms, Ratio(n.found, n.events), Quantile(n.delays, 0.5),
                   Quantile(n.delays, 0.9), 1000 * Ratio(n.alarms - n.found, n.curves));
  }
  text += Format("\nRecall by drop: < 0.5 nats %.3f, 0.5-1 %.3f, >= 1 %.3f\n",
                 Ratio(by_drop_[0].found, by_drop_[0].events),
                 Ratio(by_drop_[1].found, by_drop_[1].events),
                 Ratio(by_drop_[2].found, by_drop_[2].events));
  return text;
}

std::string OnlineScore::Json() const {
  std::string text = Format(
      "{\"precision\": %.4f, \"recall\": %.4f, \"false_alarms_per_1000\": %.2f, "
      "\"delay_widths_p10\": %.4f, \"delay_widths_median\": %.4f, \"delay_widths_p90\": %.4f, ",
      precision(), recall(), false_alarms_per_1000(), DelayInWidths(0.1), DelayInWidths(0.5),
      DelayInWidths(0.9));
  text += Format(
      "\"delay_steps_median\": %.1f, \"delay_steps_p90\": %.1f, \"share_before_end\": %.4f, "
      "\"ns_a_step\": %.2f, \"bytes\": %zu, \"classes\": {",
      DelayInSteps(0.5), DelayInSteps(0.9), share_before_end(), nanoseconds_a_step(),
      sizeof(detect::OnlineDetector));
  const char* separator = "";
  for (std::size_t c = 0; c < kClasses; ++c) {
    const Counts& n = counts_[c];
    if (n.curves == 0) continue;
    text += Format(
        "%s\"%s\": {\"curves\": %zu, \"events\": %zu, \"found\": %zu, \"alarms\": %zu, "
        "\"delay_widths_median\": %.4f}",
        separator, ShortName(static_cast<CurveClass>(c)).c_str(), n.curves, n.events, n.found,
        n.alarms, Quantile(n.delays, 0.5));
    separator = ", ";
  }
  return text + "}}\n";
}

}  // namespace crease::benchmarks
