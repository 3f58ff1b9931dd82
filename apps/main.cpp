// crease: the one program. Finds the subcommand and turns what it throws into an exit code.
#include <array>
#include <exception>
#include <filesystem>
#include <new>
#include <string>
#include <system_error>
#include <vector>

#include "apps/commands.h"
#include "apps/exit_codes.h"
#include "apps/output.h"
#include "apps/version.h"
#include "lib/core/error.h"
#include "lib/train/config_keys.h"

namespace crease::apps {
namespace {

struct Command {
  const char* name;
  const char* synopsis;
  const char* summary;
  int (*run)(const Words&);
};

constexpr std::array kCommands = {
    Command{"plan", "SWEEP.toml", "count runs, steps, bytes and core-hours; train nothing",
            PlanCommand},
    Command{"run", "SWEEP.toml --store DIR", "train the runs of a sweep that the store lacks",
            RunCommand},
    Command{"status", "STORE", "what of each sweep is done, running, failed or missing",
            StatusCommand},
    Command{"query", "STORE \"SQL\"", "SQL over the tables runs, transitions, curves, sweeps",
            QueryCommand},
    Command{"transitions", "STORE | FILE.csv", "detect and print sudden drops of loss curves",
            TransitionsCommand},
    Command{"replay", "STORE RUN_ID --out FILE.h5",
            "train a run again, compare, and record what was not", ReplayCommand},
    Command{"verify", "STORE | FILE.h5", "check every byte, train some runs again, compare",
            VerifyCommand},
    Command{"pack", "STORE --out FILE.h5", "one file with all runs of a store", PackCommand},
    Command{"info", "[FILE | STORE]", "versions, this machine, a shard's header, a store",
            InfoCommand},
};

void PrintHelp() {
  Out() << "usage: crease COMMAND ...\n\n"
           "A sweep file goes in, a store of bit-reproducible training histories comes out, and\n"
           "every sudden drop of every loss curve in it has a date and a size.\n\n"
           "commands\n";
  for (const Command& command : kCommands) {
    std::string line = "  " + std::string(command.name) + " " + command.synopsis;
    line.resize(36, ' ');
    Out() << line << command.summary << '\n';
  }
  Out() << "\n`crease COMMAND --help` explains a command, `crease --version` prints versions.\n\n"
           "exit codes: 0 done, 1 some runs failed, 2 wrong input, 3 damaged store or file,\n"
           "4 the system refused, 130 interrupted (completed runs are kept)\n";
}

int Dispatch(const std::vector<std::string>& words) {
  if (words.empty()) {
    throw InputError("crease", "a command is missing", "`crease --help` lists the commands");
  }
  if (words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
    PrintHelp();
    return kDone;
  }
  if (words[0] == "--version") {
    Out() << VersionLine() << '\n';
    return kDone;
  }
  std::vector<std::string> names;
  for (const Command& command : kCommands) {
    if (words[0] == command.name) return command.run({words.begin() + 1, words.end()});
    names.emplace_back(command.name);
  }
  const std::string nearest = train::NearestName(words[0], names);
  throw InputError("crease", "unknown command '" + words[0] + "'",
                   (nearest.empty() ? "" : "did you mean `crease " + nearest + "`? ") +
                       "`crease --help` lists the commands");
}

int ExitCodeOf(Fault fault) {
  switch (fault) {
    case Fault::kInput:
      return kWrongInput;
    case Fault::kDamaged:
      return kDamaged;
    case Fault::kSystem:
      return kSystemRefused;
  }
  return kSystemRefused;
}

int Failed(const std::string& message, int code) {
  Message(RedForMessages("error:") + " " + message);
  return code;
}

// The only place where exceptions become exit codes.
int Main(const std::vector<std::string>& words) {
  try {
    const int code = Dispatch(words);
    FlushOut();
    return code;
  } catch (const OutputClosed&) {
    return kDone;
  } catch (const Error& error) {
    return Failed(error.what(), ExitCodeOf(error.fault()));
  } catch (const std::bad_alloc&) {
    return Failed("out of memory\n  remedy: lower --threads, or record less", kSystemRefused);
  } catch (const std::system_error& error) {  // std::filesystem_error is one, too
    return Failed(error.what(), kSystemRefused);
  } catch (const std::exception& error) {
    return Failed(std::string("unexpected: ") + error.what() +
                      "\n  this is a fault of crease; please report it with the command",
                  kSystemRefused);
  }
}

}  // namespace
}  // namespace crease::apps

int main(int argc, char** argv) {
  crease::apps::PrepareStandardStreams();
  return crease::apps::Main({argv + (argc > 0 ? 1 : 0), argv + argc});
}
