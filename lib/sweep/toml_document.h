// In: the text of a sweep file, or a --set argument. Out: TOML values that know their places.
#pragma once

#include <memory>
#include <string>

#include <toml++/toml.h>

namespace crease::sweep {

// A parsed text. Its nodes live as long as it does.
class Document {
 public:
  // Throws Error(kInput) with path:line:column where the text is no TOML.
  static std::shared_ptr<const Document> FromFile(const std::string& text, const std::string& path);
  // "key=value" of --set: the value is a TOML value, or else a bare string. Throws Error(kInput).
  static std::shared_ptr<const Document> FromAssignment(const std::string& assignment);

  const toml::table& root() const { return root_; }
  // path:line:column, or the whole assignment as "--set key=value".
  std::string At(const toml::source_region& region) const;

  // Of an assignment: its parts. The text is the value as it was given.
  const std::string& assigned_key() const { return assigned_key_; }
  const toml::node& assigned_value() const { return *root_.get(kValueName); }
  // The same assignment with the value taken as a string.
  std::shared_ptr<const Document> WithBareString() const;

 private:
  static constexpr const char* kValueName = "value";

  toml::table root_;
  std::string label_;  // path, or "--set key=value"
  bool is_file_ = false;
  std::string assigned_key_, assigned_text_;
};

}  // namespace crease::sweep
