// The arguments of one subcommand, by Boost.Program_options.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <boost/program_options.hpp>

namespace crease::apps {

// What a subcommand takes. Positional arguments are options, too: those named in `positional`
// stand in the synopsis and are left out of the list of options in the help.
struct Grammar {
  std::string command;      // "run"
  std::string synopsis;     // "SWEEP.toml --store DIR [options]"
  std::string description;  // sentences; wrapped by hand at 80 columns
  std::vector<std::string> positional;
  std::size_t required = 0;  // so many of them
  boost::program_options::options_description options;

  explicit Grammar(std::string command_name);
};

// Values by name. Requires of all: the grammar has an option `name` of that type.
class Arguments {
 public:
  explicit Arguments(boost::program_options::variables_map values) : values_(std::move(values)) {}

  bool Has(const std::string& name) const { return values_.count(name) > 0; }
  bool Flag(const std::string& name) const;         // po::bool_switch()
  std::string Text(const std::string& name) const;  // "" if it is not given
  std::vector<std::string> List(const std::string& name) const;

 private:
  boost::program_options::variables_map values_;
};

// Adds --json to a grammar whose command prints results.
void AddJsonOption(Grammar& grammar);

// Empty if --help was asked for and has been printed. Throws Error(kInput) with the nearest valid
// name for unknown options, and for values that are missing, given twice or left over.
std::optional<Arguments> ParseArguments(const Grammar& grammar,
                                        const std::vector<std::string>& words);

// The integer in the text of option `option`. Throws Error(kInput) unless it is in [low, high].
long long IntegerOption(const std::string& option, const std::string& text, long long low,
                        long long high);

}  // namespace crease::apps
