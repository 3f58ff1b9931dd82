#include "lib/sweep/toml_document.h"

#include <cstddef>
#include <string_view>

#include "lib/core/error.h"

namespace crease::sweep {
namespace {

std::string Position(const std::string& path, const toml::source_position& position) {
  return path + ":" + std::to_string(position.line) + ":" + std::to_string(position.column);
}

// Tables within tables are destroyed recursively, so that a long chain of dots would use up the
// stack. No key of a sweep file has more than two.
void RefuseDeepKeys(const std::string& text, const std::string& path) {
  constexpr int kMostDots = 64;
  int dots = 0;
  std::uint32_t line = 1, column = 1;
  for (const char c : text) {
    if (c == '.') ++dots;
    if (c == ',' || c == '=' || c == '\n') dots = 0;
    if (dots > kMostDots) {
      throw InputError(Position(path, {line, column}), "a key of more than 64 parts",
                       "write section.key, as model.width");
    }
    ++column;
    if (c == '\n') {
      ++line;
      column = 1;
    }
  }
}

std::string_view Trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string RemedyFor(std::string_view description) {
  if (description.find("redefine") != std::string_view::npos) return "remove one of the two";
  if (description.find("determine value type") != std::string_view::npos) {
    return "put strings in quotes: norm = \"unit\"";
  }
  return "write it as TOML 1.0 (https://toml.io); sweeps/spiral.toml is an example";
}

bool LooksStructured(std::string_view value) {
  return value.starts_with('[') || value.starts_with('{') || value.starts_with('"');
}

}  // namespace

std::shared_ptr<const Document> Document::FromFile(const std::string& text,
                                                   const std::string& path) {
  RefuseDeepKeys(text, path);
  auto document = std::make_shared<Document>();
  document->label_ = path;
  document->is_file_ = true;
  try {
    document->root_ = toml::parse(text);
  } catch (const toml::parse_error& error) {
    throw InputError(Position(path, error.source().begin), std::string(error.description()),
                     RemedyFor(error.description()));
  }
  return document;
}

std::shared_ptr<const Document> Document::FromAssignment(const std::string& assignment) {
  auto document = std::make_shared<Document>();
  document->label_ = "--set " + assignment;
  const std::size_t equals = assignment.find('=');
  const std::string_view whole(assignment);
  document->assigned_key_ = Trimmed(whole.substr(0, equals));
  if (equals == std::string::npos || document->assigned_key_.empty()) {
    throw InputError(document->label_, "is no assignment", "write --set key=value");
  }
  document->assigned_text_ = Trimmed(whole.substr(equals + 1));
  RefuseDeepKeys(document->assigned_text_, document->label_);
  try {
    document->root_ = toml::parse(kValueName + (" = " + document->assigned_text_) + "\n");
    if (document->root_.size() == 1) return document;
  } catch (const toml::parse_error& error) {
    if (LooksStructured(document->assigned_text_)) {
      throw InputError(document->label_, std::string(error.description()),
                       "write the value as in a sweep file, strings in quotes: "
                       "--set 'model.norm=[\"unit\", \"layernorm\"]'");
    }
  }
  return document->WithBareString();
}

std::shared_ptr<const Document> Document::WithBareString() const {
  auto document = std::make_shared<Document>(*this);
  document->root_ = toml::table{{kValueName, assigned_text_}};
  return document;
}

std::string Document::At(const toml::source_region& region) const {
  return is_file_ ? Position(label_, region.begin) : label_;
}

}  // namespace crease::sweep
