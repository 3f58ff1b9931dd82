#include "lib/store/copies.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace crease::store {

std::vector<std::size_t> CountingCopies(const std::vector<RunCopy>& copies) {
  std::vector<std::size_t> order(copies.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto age = [&](std::size_t i) { return std::pair(copies[i].created_utc, copies[i].shard); };
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return age(a) > age(b); });
  const auto replacing =
      std::find_if(order.begin(), order.end(), [&](std::size_t i) { return copies[i].replaces; });
  if (replacing != order.end()) order.erase(replacing + 1, order.end());
  return order;
}

std::vector<std::size_t> ConflictingCopies(const std::vector<RunCopy>& copies) {
  std::vector<std::size_t> conflicting = CountingCopies(copies);
  if (conflicting.empty()) return conflicting;
  const std::string& standing = copies[conflicting.front()].digest;
  conflicting.erase(std::remove_if(conflicting.begin(), conflicting.end(),
                                   [&](std::size_t i) { return copies[i].digest == standing; }),
                    conflicting.end());
  return conflicting;
}

std::string DescribeConflict(const RunCopy& standing, const RunCopy& other) {
  return "has digest " + other.digest + " in " + other.shard + ", and " + standing.digest + " in " +
         standing.shard;
}

}  // namespace crease::store
