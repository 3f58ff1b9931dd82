#include "apps/arguments.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <sstream>
#include <utility>

#include "apps/output.h"
#include "lib/core/error.h"
#include "lib/train/config_keys.h"

namespace crease::apps {
namespace {

namespace po = boost::program_options;

bool IsPositional(const Grammar& grammar, const std::string& name) {
  return std::find(grammar.positional.begin(), grammar.positional.end(), name) !=
         grammar.positional.end();
}

void PrintHelp(const Grammar& grammar) {
  po::options_description listed("options");
  for (const auto& option : grammar.options.options()) {
    if (!IsPositional(grammar, option->long_name())) listed.add(option);
  }
  Out() << "usage: crease " << grammar.command << " " << grammar.synopsis << "\n\n"
        << grammar.description << "\n\n"
        << listed;
}

std::string HelpRemedy(const Grammar& grammar) {
  return "`crease " + grammar.command + " --help` lists all options";
}

std::string UnknownOptionRemedy(const Grammar& grammar, const std::string& option) {
  std::vector<std::string> names;
  for (const auto& known : grammar.options.options()) {
    if (!IsPositional(grammar, known->long_name())) names.push_back(known->long_name());
  }
  const std::string bare = option.substr(std::min(option.find_first_not_of('-'), option.size()));
  const std::string nearest = train::NearestName(bare, names);
  return (nearest.empty() ? "" : "did you mean --" + nearest + "? ") + HelpRemedy(grammar);
}

po::variables_map Parse(const Grammar& grammar, const std::vector<std::string>& words) {
  po::positional_options_description positional;
  for (const auto& name : grammar.positional) positional.add(name.c_str(), 1);
  // Abbreviated options would change their meaning when an option is added.
  const int style = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
  po::variables_map values;
  po::store(po::command_line_parser(words)
                .options(grammar.options)
                .positional(positional)
                .style(style)
                .run(),
            values);
  for (std::size_t i = 0; i < grammar.required; ++i) {
    if (values.count(grammar.positional[i]) > 0) continue;
    throw InputError("crease " + grammar.command, grammar.positional[i] + " is missing",
                     "usage: crease " + grammar.command + " " + grammar.synopsis);
  }
  po::notify(values);
  return values;
}

}  // namespace

Grammar::Grammar(std::string command_name) : command(std::move(command_name)), options("options") {
  options.add_options()("help,h", "print this and leave");
}

bool Arguments::Flag(const std::string& name) const { return values_[name].as<bool>(); }

std::string Arguments::Text(const std::string& name) const {
  return Has(name) ? values_[name].as<std::string>() : "";
}

std::vector<std::string> Arguments::List(const std::string& name) const {
  return Has(name) ? values_[name].as<std::vector<std::string>>() : std::vector<std::string>();
}

void AddJsonOption(Grammar& grammar) {
  grammar.options.add_options()("json", po::bool_switch(), "print results as JSON");
}

std::optional<Arguments> ParseArguments(const Grammar& grammar,
                                        const std::vector<std::string>& words) {
  const std::string place = "crease " + grammar.command;
  // Help is help, whatever else is wrong or missing.
  const auto end = std::find(words.begin(), words.end(), "--");
  if (std::find(words.begin(), end, "--help") != end ||
      std::find(words.begin(), end, "-h") != end) {
    PrintHelp(grammar);
    return std::nullopt;
  }
  po::variables_map values;
  try {
    values = Parse(grammar, words);
  } catch (const po::unknown_option& error) {
    throw InputError(place, "unknown option '" + error.get_option_name() + "'",
                     UnknownOptionRemedy(grammar, error.get_option_name()));
  } catch (const po::error& error) {
    throw InputError(place, error.what(), HelpRemedy(grammar));
  }
  return Arguments(std::move(values));
}

long long IntegerOption(const std::string& option, const std::string& text, long long low,
                        long long high) {
  long long value = 0;
  const auto end = text.data() + text.size();
  const auto [stop, fault] = std::from_chars(text.data(), end, value);
  if (fault != std::errc() || stop != end || value < low || value > high) {
    throw InputError(option + " " + text, "is not a number that it takes",
                     "give an integer from " + std::to_string(low) + " to " + std::to_string(high));
  }
  return value;
}

}  // namespace crease::apps
