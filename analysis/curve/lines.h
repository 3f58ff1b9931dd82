// In: the bytes of a text file or a pipe. Out: its lines, one at a time.
#pragma once

#include <cstddef>
#include <istream>
#include <string>
#include <string_view>

namespace crease::curve {

// Lines end in LF or CRLF, or in CR if the file's beginning has no LF; a byte order mark of UTF-8
// is left out. Memory: one block, or the longest line. Errors: kInput for what is no text that it
// knows (UTF-16, compressed or binary files: told by their first bytes) and for lines of more than
// kMaxLineBytes; kSystem if the stream fails. Not thread-safe.
class Lines {
 public:
  static constexpr std::size_t kMaxLineBytes = std::size_t{16} << 20;

  // `name` stands in messages. Keeps a reference to the stream.
  Lines(std::istream& stream, std::string name);

  // The next line without its end, valid until the next call. False after the last one.
  bool Next(std::string_view& line);

  std::size_t number() const { return number_; }  // of the last line, from 1
  std::string Place() const { return name_ + ":" + std::to_string(number_); }
  const std::string& name() const { return name_; }

 private:
  // Appends a block to what is left; false at the end of the stream.
  bool ReadBlock();
  void LookAtBeginning();

  std::istream& stream_;
  std::string name_;
  std::string buffer_;
  std::size_t begin_ = 0;  // of what Next has not yet returned
  std::size_t number_ = 0;
  char end_ = '\n';
  bool begun_ = false;
};

}  // namespace crease::curve
