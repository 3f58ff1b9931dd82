#include "analysis/curve/lines.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include "lib/core/error.h"

namespace crease::curve {
namespace {

constexpr std::size_t kBlockBytes = std::size_t{1} << 18;

struct KnownFile {
  std::string_view magic;  // its first bytes
  const char* what;
  const char* remedy;
};

using namespace std::string_view_literals;
constexpr KnownFile kKnownFiles[] = {
    {"\xFF\xFE"sv, "is text in UTF-16", "save it in UTF-8: iconv -f UTF-16 -t UTF-8"},
    {"\xFE\xFF"sv, "is text in UTF-16", "save it in UTF-8: iconv -f UTF-16 -t UTF-8"},
    {"\x1F\x8B"sv, "is compressed by gzip",
     "decompress it with gunzip first (gunzip -c FILE | ... -)"},
    {"BZh"sv, "is compressed by bzip2", "decompress it with bunzip2 first"},
    {"\xFD\x37zXZ\0"sv, "is compressed by xz", "decompress it with unxz first"},
    {"\x28\xB5\x2F\xFD"sv, "is compressed by zstd", "decompress it with unzstd first"},
    {"PK\x03\x04"sv, "is a zip archive (or a spreadsheet)", "extract it, or export it as CSV"},
    {"\x89HDF\r\n"sv, "is an HDF5 file", "name the store's directory that its shards lie in"},
    {"SQLite format 3\0"sv, "is an SQLite database", "export the curve: sqlite3 -csv -header"},
    {"PAR1"sv, "is a Parquet file", "export the curve as CSV"},
    {"\x93NUMPY"sv, "is a NumPy file", "save the curve with numpy.savetxt"},
};

}  // namespace

Lines::Lines(std::istream& stream, std::string name) : stream_(stream), name_(std::move(name)) {}

bool Lines::Next(std::string_view& line) {
  if (!begun_) {
    ReadBlock();
    LookAtBeginning();
    begun_ = true;
  }
  std::size_t searched = begin_;
  while (true) {
    const std::size_t end = buffer_.find(end_, searched);
    if (end != std::string::npos) {
      line = std::string_view(buffer_).substr(begin_, end - begin_);
      begin_ = end + 1;
      break;
    }
    searched = buffer_.size() - begin_;
    if (searched > kMaxLineBytes) {
      ++number_;
      throw InputError(Place(), "the line is longer than 16 MiB",
                       "give a file of comma-separated "
                       "numbers, one row a step");
    }
    if (!ReadBlock()) {
      if (begin_ == buffer_.size()) return false;
      line = std::string_view(buffer_).substr(begin_);
      begin_ = buffer_.size();
      break;
    }
  }
  ++number_;
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return true;
}

bool Lines::ReadBlock() {
  buffer_.erase(0, begin_);
  begin_ = 0;
  const std::size_t kept = buffer_.size();
  buffer_.resize(kept + kBlockBytes);
  errno = 0;
  stream_.read(buffer_.data() + kept, static_cast<std::streamsize>(kBlockBytes));
  const int fault = errno;
  buffer_.resize(kept + static_cast<std::size_t>(stream_.gcount()));
  if (stream_.bad()) throw SystemErrorFromErrno(name_, "cannot be read", fault == 0 ? EIO : fault);
  return buffer_.size() > kept;
}

void Lines::LookAtBeginning() {
  for (const KnownFile& known : kKnownFiles) {
    if (buffer_.starts_with(known.magic)) throw InputError(name_, known.what, known.remedy);
  }
  if (buffer_.find('\0') != std::string::npos) {
    throw InputError(name_, "is no text: it holds bytes of zero (UTF-16, or a binary file)",
                     "give comma-separated numbers in UTF-8, one row a step");
  }
  if (buffer_.starts_with("\xEF\xBB\xBF")) begin_ = 3;
  if (buffer_.find('\n') == std::string::npos && buffer_.find('\r') != std::string::npos) {
    end_ = '\r';
  }
}

}  // namespace crease::curve
