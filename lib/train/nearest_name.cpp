#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/train/config_keys.h"

namespace crease::train {
namespace {

// What else things are called: the last part of a name, and the name here.
constexpr std::pair<std::string_view, std::string_view> kSynonyms[] = {
    {"learning_rate", "train.lr"},
    {"learningrate", "train.lr"},
    {"eta", "train.lr"},
    {"epochs", "train.steps"},
    {"iterations", "train.steps"},
    {"max_steps", "train.steps"},
    {"num_steps", "train.steps"},
    {"batch_size", "train.batch"},
    {"batchsize", "train.batch"},
    {"minibatch", "train.batch"},
    {"criterion", "train.loss"},
    {"optim", "train.optimizer"},
    {"wd", "train.weight_decay"},
    {"l2", "train.weight_decay"},
    {"warmup", "train.warmup_steps"},
    {"scheduler", "train.schedule"},
    {"betas", "train.beta1"},
    {"hidden", "model.width"},
    {"hidden_size", "model.width"},
    {"neurons", "model.width"},
    {"units", "model.width"},
    {"layers", "model.depth"},
    {"num_layers", "model.depth"},
    {"blocks", "model.depth"},
    {"epsilon", "model.eps"},
    {"normalization", "model.norm"},
    {"normalisation", "model.norm"},
    {"elementwise_affine", "model.affine"},
    {"nonlinearity", "model.activation"},
    {"num_groups", "model.groups"},
    {"initialization", "model.init"},
    {"dataset", "data.task"},
    {"samples", "data.points"},
    {"num_points", "data.points"},
    {"n_points", "data.points"},
    {"file", "data.path"},
    {"random_seed", "seed"},
    {"seeds", "seed"},
    {"ln", "layernorm"},
    {"layer", "layernorm"},
    {"gn", "groupnorm"},
    {"sphere", "unit"},
    {"l2norm", "unit"},
    {"ce", "cross_entropy"},
    {"xent", "cross_entropy"},
    {"nll", "cross_entropy"},
    {"l2loss", "mse"},
    {"squared_error", "mse"},
    {"identity", "none"},
    {"linear", "none"},
    {"kaiming", "he"},
    {"glorot", "xavier"},
    {"fashion", "fashion_mnist"},
    {"arrays", "weights"},
    {"parameters", "weights"},
    {"checkpoints", "checkpoint"},
    {"metrics", "scalars"},
};

std::string Lowered(std::string_view name) {
  std::string result(name);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == '-' || c == ' ') c = '_';
  }
  return result;
}

std::string_view LastPart(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? name : name.substr(dot + 1);
}

// Damerau and Levenshtein's distance (optimal string alignment): insertions, deletions,
// replacements and swaps of neighbours cost 1 each.
std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::swap(before_last, last);
    std::swap(last, row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
  }
  return row[b.size()];
}

bool IsSynonym(std::string_view last_part, std::string_view candidate) {
  return std::any_of(std::begin(kSynonyms), std::end(kSynonyms), [&](const auto& synonym) {
    return synonym.first == last_part && synonym.second == candidate;
  });
}

// How far `candidate` is from what was written; a wrong or missing section costs as much as one
// wrong letter, so that "model.lr" finds "train.lr".
std::size_t Cost(std::string_view name, std::string_view candidate) {
  const std::string_view short_name = LastPart(name), short_candidate = LastPart(candidate);
  if (IsSynonym(short_name, candidate)) return name == candidate ? 0 : 1;
  std::size_t cost = EditDistance(name, candidate);
  cost = std::min(cost, EditDistance(short_name, short_candidate) + 1);
  constexpr std::size_t kShortestPrefix = 3;
  if (std::min(short_name.size(), short_candidate.size()) >= kShortestPrefix &&
      (short_candidate.starts_with(short_name) || short_name.starts_with(short_candidate))) {
    cost = std::min<std::size_t>(cost, 2);
  }
  return cost;
}

}  // namespace

std::string NearestName(std::string_view name, std::span<const std::string> candidates) {
  constexpr std::size_t kLongestName = 64;
  if (name.size() > kLongestName) return "";
  const std::string lowered = Lowered(name);
  const std::size_t short_size = LastPart(lowered).size();
  std::size_t best_cost = std::max<std::size_t>(1, short_size < 4 ? 1 : short_size * 2 / 5) + 1;
  if (short_size >= 3) best_cost = std::max<std::size_t>(best_cost, 3);
  std::string best;
  for (const std::string& candidate : candidates) {
    const std::size_t cost = Cost(lowered, candidate);
    // A guess that keeps nothing of the word is none.
    if (cost < best_cost && cost < std::max<std::size_t>(short_size, 2)) {
      best_cost = cost;
      best = candidate;
    }
  }
  return best;
}

}  // namespace crease::train
