#include "analysis/transitions/sensitivity.h"

#include <cmath>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "benchmarks/transitions/metrics.h"

namespace crease::transitions {
namespace {

detect::Transition At(double midpoint, double width = 20) {
  detect::Transition transition;
  transition.midpoint_step = midpoint;
  transition.width_steps = width;
  return transition;
}

TEST(SettingsAround, VariesOneSettingAtATime) {
  const detect::OfflineOptions base;
  std::map<std::string, int> values, own;
  for (const Setting& setting : SettingsAround(base)) {
    ++values[setting.name];
    own[setting.name] += setting.is_base;
    const int changed = (setting.options.minimum_z != base.minimum_z) +
                        (setting.options.maximum_p_value != base.maximum_p_value) +
                        (setting.options.minimum_drop_nats != base.minimum_drop_nats) +
                        (setting.options.contrast != base.contrast) +
                        (setting.options.plateau_share != base.plateau_share);
    EXPECT_EQ(changed, setting.is_base ? 0 : 1) << setting.name << " " << setting.value;
  }
  const std::map<std::string, int> one = {{"minimum-z", 1},
                                          {"maximum-p", 1},
                                          {"minimum-drop", 1},
                                          {"contrast", 1},
                                          {"plateau-share", 1}};
  EXPECT_EQ(own, one);
  EXPECT_GE(values["minimum-z"], 6);
  EXPECT_GE(values["maximum-p"], 5);
  EXPECT_GE(values["minimum-drop"], 5);
  EXPECT_GE(values["contrast"], 4);
  EXPECT_GE(values["plateau-share"], 4);
}

TEST(SettingsAround, HasTheBasesOwnValues) {
  detect::OfflineOptions base;
  base.contrast = 3.7;
  base.rising = true;
  std::vector<double> contrasts;
  for (const Setting& setting : SettingsAround(base)) {
    EXPECT_TRUE(setting.options.rising);
    if (setting.name == "contrast") contrasts.push_back(setting.value);
  }
  EXPECT_EQ(contrasts, (std::vector<double>{2, 3, 3.7, 4, 5}));
}

RC_GTEST_PROP(CountMatchesProperty, MatchesAsTheBenchmarkDoes, ()) {
  const auto any = [] {
    std::vector<detect::Transition> list;
    for (int i = *rc::gen::inRange(0, 6); i > 0; --i) {
      list.push_back(At(*rc::gen::inRange(1, 4000), *rc::gen::inRange(1, 100)));
    }
    return list;
  };
  const auto a = any(), b = any();
  RC_ASSERT(CountMatches(a, b) == std::ssize(benchmarks::MatchTransitions(a, b)));
}

TEST(Sensitivity, AgreementIsJaccards) {
  Sensitivity found;
  EXPECT_TRUE(std::isnan(found.agreement()));
  const std::vector<detect::Transition> base = {At(1000), At(5000)};
  found.Add(base, base);
  EXPECT_EQ(found.agreement(), 1);
  const std::vector<detect::Transition> other = {At(1049), At(9000)};
  found.Add(base, other);  // 1049 lies within 5 % of 1000
  EXPECT_EQ(found.transitions, 4);
  EXPECT_EQ(found.runs_with_one, 2);
  EXPECT_EQ(found.matches, 3);
  EXPECT_DOUBLE_EQ(found.agreement(), 3.0 / 5.0);
  found.Add(base, {});
  EXPECT_EQ(found.runs_with_one, 2);
  EXPECT_DOUBLE_EQ(found.agreement(), 3.0 / 7.0);
  Sensitivity twice;
  twice.Add(found);
  twice.Add(found);
  EXPECT_EQ(twice.transitions, 8);
  EXPECT_DOUBLE_EQ(twice.agreement(), found.agreement());
}

}  // namespace
}  // namespace crease::transitions
