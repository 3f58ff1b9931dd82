// The subcommands. Each prints its results to Out() and its messages to standard error, and
// returns the exit code 0, or another one of exit_codes.h where it finished its work all the same;
// faults are thrown.
#pragma once

#include <string>
#include <vector>

namespace crease::apps {

using Words = std::vector<std::string>;  // the arguments after the name of the subcommand

int PlanCommand(const Words& words);
int RunCommand(const Words& words);
int StatusCommand(const Words& words);
int InfoCommand(const Words& words);
int TransitionsCommand(const Words& words);
int QueryCommand(const Words& words);
int ReplayCommand(const Words& words);
int VerifyCommand(const Words& words);
int PackCommand(const Words& words);

}  // namespace crease::apps
