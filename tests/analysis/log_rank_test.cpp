#include "analysis/statistics/log_rank.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <set>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace crease::statistics {
namespace {

using Groups = std::vector<std::vector<Duration>>;

std::vector<Duration> Durations(const std::vector<int>& signed_lengths) {  // negative: censored
  std::vector<Duration> durations;
  for (const int length : signed_lengths) durations.push_back({std::abs(length) * 1.0, length > 0});
  return durations;
}

TEST(LogRank, MatchesTheTextbook) {
  // Remission of leukaemia, Freireich et al. 1963; R's survdiff gives 16.8 on 1 degree, p 4e-05,
  // and 9 and 21 events where 19.25 and 10.75 were expected.
  const Groups groups = {
      Durations({6,   6,   6,   -6, 7,  -9,  10,  -10, -11, 13, 16,
                 -17, -19, -20, 22, 23, -25, -32, -32, -34, -35}),
      Durations({1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23})};
  const LogRankTest test = LogRank(groups);
  EXPECT_NEAR(test.chi_square, 16.793, 5e-4);
  EXPECT_EQ(test.degrees, 1);
  EXPECT_NEAR(test.p_value, 4.17e-5, 5e-8);
  EXPECT_EQ(test.observed, (std::vector<double>{9, 21}));
  EXPECT_NEAR(test.expected[0], 19.25, 5e-3);
  EXPECT_NEAR(test.expected[1], 10.75, 5e-3);
}

// The definition, read literally: at each time of an event everybody is counted anew.
struct PlainThree {
  double difference[2] = {0, 0};
  double variance[2][2] = {{0, 0}, {0, 0}};

  double ChiSquare() const {
    const double determinant = variance[0][0] * variance[1][1] - variance[0][1] * variance[1][0];
    return (difference[0] * difference[0] * variance[1][1] -
            2 * difference[0] * difference[1] * variance[0][1] +
            difference[1] * difference[1] * variance[0][0]) /
           determinant;
  }
  double Determinant() const {
    return variance[0][0] * variance[1][1] - variance[0][1] * variance[1][0];
  }
};

PlainThree CountPlainly(const Groups& groups) {
  std::set<double> times;
  for (const auto& group : groups) {
    for (const Duration& one : group) {
      if (one.happened) times.insert(one.length);
    }
  }
  PlainThree plain;
  for (const double time : times) {
    double at_risk[3], events[3], all = 0, died = 0;
    for (std::size_t g = 0; g < 3; ++g) {
      at_risk[g] = static_cast<double>(
          std::count_if(groups[g].begin(), groups[g].end(),
                        [&](const Duration& one) { return one.length >= time; }));
      events[g] = static_cast<double>(
          std::count_if(groups[g].begin(), groups[g].end(),
                        [&](const Duration& one) { return one.happened && one.length == time; }));
      all += at_risk[g];
      died += events[g];
    }
    if (all < 2) continue;
    for (std::size_t g = 0; g < 2; ++g) {
      plain.difference[g] += events[g] - died * at_risk[g] / all;
      for (std::size_t h = 0; h < 2; ++h) {
        plain.variance[g][h] += died * (all - died) / (all - 1) * at_risk[g] / all *
                                ((g == h ? 1 : 0) - at_risk[h] / all);
      }
    }
  }
  return plain;
}

Groups AnyGroups(std::size_t count) {
  Groups groups;
  for (std::size_t g = 0; g < count; ++g) {
    std::vector<int> lengths;
    for (int i = *rc::gen::inRange(1, 12); i > 0; --i) {
      const int length = *rc::gen::inRange(1, 15);
      lengths.push_back(*rc::gen::inRange(0, 3) > 0 ? length : -length);
    }
    groups.push_back(Durations(lengths));
  }
  return groups;
}

RC_GTEST_PROP(LogRankProperty, AgreesWithAPlainCount, ()) {
  const Groups groups = AnyGroups(3);
  const PlainThree plain = CountPlainly(groups);
  const LogRankTest test = LogRank(groups);
  RC_ASSERT((test.degrees == 2) == (plain.Determinant() > 1e-9));
  if (test.degrees < 2) return;
  RC_ASSERT(std::abs(test.chi_square - plain.ChiSquare()) < 1e-8 * (1 + plain.ChiSquare()));
  RC_ASSERT(std::abs(test.p_value - std::exp(-0.5 * test.chi_square)) < 1e-12);
}

RC_GTEST_PROP(LogRankProperty, OrderOfGroupsAndUnitOfTimeDoNotMatter, ()) {
  Groups groups = AnyGroups(static_cast<std::size_t>(*rc::gen::inRange(2, 6)));
  const LogRankTest test = LogRank(groups);
  std::reverse(groups.begin(), groups.end());
  for (auto& group : groups) {
    for (Duration& one : group) one.length = std::exp(one.length);
  }
  const LogRankTest other = LogRank(groups);
  RC_ASSERT(test.degrees == other.degrees);
  RC_ASSERT(std::abs(test.chi_square - other.chi_square) < 1e-8 * (1 + test.chi_square));
  RC_ASSERT(test.observed.front() == other.observed.back());
  double observed = 0, expected = 0;
  for (const double events : test.observed) observed += events;
  for (const double events : test.expected) expected += events;
  RC_ASSERT(std::abs(observed - expected) < 1e-9);
}

RC_GTEST_PROP(LogRankProperty, NobodysPresenceChangesNothing, ()) {
  Groups groups = AnyGroups(2);
  const LogRankTest two = LogRank(groups);
  groups.push_back({});
  const LogRankTest three = LogRank(groups);
  RC_ASSERT(three.degrees == two.degrees);
  RC_ASSERT(three.chi_square == two.chi_square);
}

TEST(LogRank, HasNoVerdictWithoutComparableEvents) {
  const std::vector<Groups> silent = {
      {},
      {{}, {}},
      {Durations({5, 6})},                         // one group
      {Durations({-5, -5}), Durations({-5})},      // no event
      {Durations({7, 7}), Durations({7})},         // all at once
      {Durations({-1, -1}), Durations({5, 6, 7})}  // never together
  };
  for (const Groups& groups : silent) {
    const LogRankTest test = LogRank(groups);
    EXPECT_EQ(test.degrees, 0);
    EXPECT_EQ(test.chi_square, 0);
    EXPECT_TRUE(std::isnan(test.p_value));
  }
}

TEST(LogRank, OfEqualGroupsFindsNothing) {
  const auto group = Durations({1, 2, -3, 4, 4, 9});
  const LogRankTest test = LogRank(Groups{group, group, group});
  EXPECT_NEAR(test.chi_square, 0, 1e-12);
  EXPECT_EQ(test.degrees, 2);
  EXPECT_NEAR(test.p_value, 1, 1e-12);
}

TEST(ChiSquareTail, MatchesClosedForms) {
  for (const double x : {0.0, 0.01, 0.5, 3.841458820694124, 20.0, 300.0}) {
    EXPECT_NEAR(ChiSquareTail(x, 1), std::erfc(std::sqrt(x / 2)), 1e-14 + 1e-12 * std::exp(-x / 2));
    EXPECT_NEAR(ChiSquareTail(x, 2), std::exp(-x / 2), 1e-14);
    // Q(x; k + 2) = Q(x; k) + (x/2)^(k/2) exp(-x/2) / gamma(k/2 + 1)
    for (const int k : {1, 2, 7, 30, 63}) {
      const double more = std::exp(0.5 * k * std::log(x / 2) - x / 2 - std::lgamma(0.5 * k + 1));
      EXPECT_NEAR(ChiSquareTail(x, k + 2), ChiSquareTail(x, k) + more, 1e-12);
    }
  }
  EXPECT_NEAR(ChiSquareTail(3.841458820694124, 1), 0.05, 1e-14);
  EXPECT_GT(ChiSquareTail(1400, 1), 0);
  EXPECT_EQ(ChiSquareTail(1e6, 1), 0);
  EXPECT_EQ(ChiSquareTail(std::numeric_limits<double>::infinity(), 3), 0);
}

TEST(AdjustHolm, StepsDown) {
  // R: p.adjust(c(.01, .04, .03, .005), "holm")
  const std::vector<double> adjusted = AdjustHolm(std::vector<double>{.01, .04, .03, .005});
  const std::vector<double> expected = {.03, .06, .06, .02};
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(adjusted[i], expected[i], 1e-15);
}

TEST(AdjustHolm, LeavesOutTestsThatWereNotMade) {
  const double none = std::nan("");
  const std::vector<double> adjusted = AdjustHolm(std::vector<double>{none, .02, .9, none});
  EXPECT_TRUE(std::isnan(adjusted[0]) && std::isnan(adjusted[3]));
  EXPECT_DOUBLE_EQ(adjusted[1], .04);
  EXPECT_DOUBLE_EQ(adjusted[2], .9);
  EXPECT_TRUE(AdjustHolm({}).empty());
}

RC_GTEST_PROP(HolmProperty, KeepsOrderAndNeverLowers, ()) {
  const auto integers = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 1001));
  std::vector<double> p;
  for (const int value : integers) p.push_back(value / 1000.0);
  const std::vector<double> adjusted = AdjustHolm(p);
  for (std::size_t i = 0; i < p.size(); ++i) {
    RC_ASSERT(adjusted[i] >= p[i] && adjusted[i] <= 1);
    RC_ASSERT(adjusted[i] <= std::min(1.0, static_cast<double>(p.size()) * p[i]) + 1e-12);
    for (std::size_t j = 0; j < p.size(); ++j) RC_ASSERT(p[i] > p[j] || adjusted[i] <= adjusted[j]);
  }
}

}  // namespace
}  // namespace crease::statistics
