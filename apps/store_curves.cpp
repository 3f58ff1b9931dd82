#include "apps/store_curves.h"

#include <map>
#include <numeric>
#include <utility>

#include "lib/core/error.h"
#include "lib/store/layout.h"
#include "lib/store/reader.h"

namespace crease::apps {
namespace {

// Curves are read by one thread and searched by all, so many at a time.
constexpr std::size_t kBatchRuns = 256;

struct Curve {
  std::size_t run;  // index
  std::vector<float> values;
};

void Show(const std::vector<double>& steps, const std::vector<Curve>& batch,
          const CurveVisitor& visit) {
#pragma omp parallel for schedule(dynamic)
  for (std::size_t i = 0; i < batch.size(); ++i) visit(batch[i].run, steps, batch[i].values);
}

[[noreturn]] void ThrowNoSuchCurve(const std::string& path, const std::string& column) {
  throw InputError(path, "has no per-step figure named '" + column + "'",
                   "`crease info " + path +
                       "` lists what the shard holds; --column takes loss, "
                       "accuracy, ...");
}

void VisitShard(const std::string& path, const std::string& column,
                const std::vector<summary::CatalogRun>& runs,
                const std::vector<std::size_t>& members, const CurveVisitor& visit) {
  const store::ShardReader reader(path);
  const std::vector<double> steps = reader.Steps("");
  std::vector<Curve> batch;
  for (const std::size_t run : members) {
    Curve curve{run, reader.Row(column, runs[run].shard_row)};
    if (curve.values.size() != steps.size()) ThrowNoSuchCurve(path, column);
    batch.push_back(std::move(curve));
    if (batch.size() == kBatchRuns || run == members.back()) {
      Show(steps, batch, visit);
      batch.clear();
    }
  }
}

}  // namespace

void VisitCurves(const std::string& store_path, const std::string& column,
                 const std::vector<summary::CatalogRun>& runs, const CurveVisitor& visit) {
  std::vector<std::size_t> all(runs.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  VisitCurves(store_path, column, runs, all, visit);
}

void VisitCurves(const std::string& store_path, const std::string& column,
                 const std::vector<summary::CatalogRun>& runs,
                 const std::vector<std::size_t>& members, const CurveVisitor& visit) {
  std::map<std::string, std::vector<std::size_t>> by_shard;
  for (const std::size_t run : members) by_shard[runs[run].shard].push_back(run);
  for (const auto& [shard, in_shard] : by_shard) {
    VisitShard(store::ShardsDirectory(store_path) + "/" + shard, column.empty() ? "loss" : column,
               runs, in_shard, visit);
  }
}

}  // namespace crease::apps
