#include "lib/data/transform.h"

#include <numeric>
#include <utility>

#include "lib/core/random.h"

namespace crease::data {
namespace {

// Rows `chosen` of (points, columns); nothing if there are no rows.
template <typename Vector>
Vector Rows(const Vector& values, std::size_t columns, const std::vector<std::size_t>& chosen) {
  Vector result;
  if (values.empty()) return result;
  result.reserve(chosen.size() * columns);
  for (const std::size_t row : chosen) {
    const auto begin = values.begin() + static_cast<std::ptrdiff_t>(row * columns);
    result.insert(result.end(), begin, begin + static_cast<std::ptrdiff_t>(columns));
  }
  return result;
}

}  // namespace

void CheckEnoughPoints(const std::string& place, std::size_t points) {
  if (points >= 2) return;
  throw InputError(place, "holds a single point", "give at least two training points");
}

std::vector<std::size_t> SeededChoice(std::size_t points, std::size_t count,
                                      std::int64_t data_seed) {
  const RandomStream stream(static_cast<std::uint64_t>(data_seed), Purpose::kSubset);
  std::vector<std::size_t> order(points);
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t i = 0; i < count; ++i) {
    std::swap(order[i], order[i + stream.Below(i, points - i)]);
  }
  order.resize(count);
  return order;
}

void TakeSubset(const char* key, std::int64_t count, std::int64_t data_seed, Dataset& dataset) {
  if (count == 0) return;
  Split& train = dataset.train;
  if (count < 0 || static_cast<std::size_t>(count) > train.points) {
    throw InputError(key,
                     "asks for " + std::to_string(count) + " points, but " + dataset.task +
                         " has " + std::to_string(train.points) + " to train on",
                     "give at most " + std::to_string(train.points) + ", or 0 for all");
  }
  const auto chosen = SeededChoice(train.points, static_cast<std::size_t>(count), data_seed);
  train.x = Rows(train.x, dataset.inputs, chosen);
  train.labels = Rows(train.labels, 1, chosen);
  train.targets = Rows(train.targets, dataset.outputs, chosen);
  train.points = chosen.size();
}

}  // namespace crease::data
