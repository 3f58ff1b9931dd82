// crease pack: one file with all runs of a store, for sharing.
#include "lib/store/pack.h"

#include <string>

#include "apps/arguments.h"
#include "apps/commands.h"
#include "apps/exit_codes.h"
#include "apps/output.h"
#include "apps/progress.h"
#include "apps/report.h"
#include "apps/signals.h"
#include "apps/text.h"
#include "lib/core/error.h"

namespace crease::apps {
namespace {

namespace po = boost::program_options;

Grammar PackGrammar() {
  Grammar grammar("pack");
  grammar.synopsis = "STORE --out FILE.h5 [options]";
  grammar.description =
      "Writes all runs of the store, bit for bit, and its sweep files into one HDF5 file. Runs of\n"
      "one shape (width, depth, steps, data, what was recorded) from many shards go together. One\n"
      "shape: the file is a shard, which may be copied into a store. Several: each is a shard in "
      "a\n"
      "group of its own, shape_0, shape_1, ... Every run is read again and compared before the\n"
      "file gets its name.";
  grammar.positional = {"STORE"};
  grammar.required = 1;
  grammar.options.add_options()("STORE", po::value<std::string>())(
      "out", po::value<std::string>()->value_name("FILE.h5")->required(), "the file to write")(
      "force", po::bool_switch(), "replace a file of that name");
  AddJsonOption(grammar);
  return grammar;
}

}  // namespace

int PackCommand(const Words& words) {
  const auto arguments = ParseArguments(PackGrammar(), words);
  if (!arguments) return kDone;
  const std::string path = arguments->Text("out");
  if (path.empty()) throw InputError("--out", "is empty", "name a file");
  StopToken stop;
  const SignalGuard signals(stop);
  std::optional<store::PackSummary> summary;
  {
    ProgressPrinter printer;
    std::int64_t done = 0;
    store::PackOptions options{.replace = arguments->Flag("force"), .stop = &stop};
    options.progress = [&](std::int64_t runs) {
      done += runs;
      printer.Update("written and compared: " + FormatCount(done / 2) + " runs");
    };
    summary = store::Pack(arguments->Text("STORE"), path, options);
  }
  if (!summary) {
    Message("interrupted: nothing was written");
    return kInterrupted;
  }
  if (arguments->Flag("json")) {
    PrintJson({{"file", path},
               {"runs", summary->runs},
               {"shapes", summary->shapes},
               {"sweeps", summary->sweeps},
               {"raw_bytes", summary->raw_bytes},
               {"bytes", summary->file_bytes}});
  } else {
    Out() << path << ": " << Counted(summary->runs, "run") << " of "
          << Counted(summary->shapes, "shape") << ", " << Counted(summary->sweeps, "sweep file")
          << ", " << FormatBytes(static_cast<double>(summary->file_bytes)) << '\n';
  }
  return kDone;
}

}  // namespace crease::apps
