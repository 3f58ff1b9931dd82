#include "apps/output.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <mutex>
#include <streambuf>
#include <sys/ioctl.h>
#include <unistd.h>

#include "apps/text.h"
#include "lib/core/error.h"

namespace crease::apps {
namespace {

// std::cout would swallow the reason why a write failed.
class StandardOutputBuffer : public std::streambuf {
 public:
  StandardOutputBuffer() { setp(buffer_.data(), buffer_.data() + buffer_.size()); }

 protected:
  int_type overflow(int_type character) override {
    sync();
    if (!traits_type::eq_int_type(character, traits_type::eof())) {
      *pptr() = traits_type::to_char_type(character);
      pbump(1);
    }
    return traits_type::not_eof(character);
  }

  int sync() override {
    const char* next = pbase();
    const char* end = pptr();
    // Whatever happens, these bytes are not tried twice.
    setp(buffer_.data(), buffer_.data() + buffer_.size());
    while (next < end) {
      const ssize_t written = ::write(STDOUT_FILENO, next, static_cast<std::size_t>(end - next));
      if (written >= 0) {
        next += written;
      } else if (errno != EINTR) {
        if (errno == EPIPE) throw OutputClosed{};
        throw SystemErrorFromErrno("standard output", "cannot be written", errno);
      }
    }
    return 0;
  }

 private:
  std::array<char, 1 << 16> buffer_;
};

bool IsTerminal(int descriptor) {
  const char* kind = std::getenv("TERM");
  return ::isatty(descriptor) == 1 && kind != nullptr && std::string(kind) != "dumb";
}

bool ColourWanted() {
  const char* no_colour = std::getenv("NO_COLOR");
  return no_colour == nullptr || *no_colour == '\0';
}

std::mutex message_mutex;
std::string progress_line;

void WriteToStandardError(const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t written = ::write(STDERR_FILENO, text.data() + done, text.size() - done);
    if (written < 0 && errno != EINTR) return;  // nobody is left to be told
    if (written > 0) done += static_cast<std::size_t>(written);
  }
}

std::size_t TerminalColumns() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 2) return 79;
  return size.ws_col - 1u;
}

}  // namespace

std::ostream& Out() {
  static StandardOutputBuffer buffer;
  static std::ostream stream(&buffer);
  // The stream passes on what the buffer throws only if asked to.
  stream.exceptions(std::ios::badbit);
  return stream;
}

void FlushOut() { Out().flush(); }

void PrepareStandardStreams() {
  std::signal(SIGPIPE, SIG_IGN);
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(descriptor, F_GETFD) != -1) continue;
    // Read-only, so that writing results to nowhere is still an error. open() takes the lowest
    // number that is free, which is this one.
    if (::open("/dev/null", O_RDONLY) != descriptor) std::abort();
  }
}

bool OutIsTerminal() { return IsTerminal(STDOUT_FILENO); }

bool MessagesAreOnTerminal() { return IsTerminal(STDERR_FILENO); }

std::string Bold(const std::string& text) {
  if (!OutIsTerminal() || !ColourWanted()) return text;
  return "\033[1m" + text + "\033[0m";
}

std::string RedForMessages(const std::string& text) {
  if (!MessagesAreOnTerminal() || !ColourWanted()) return text;
  return "\033[31m" + text + "\033[0m";
}

void Message(const std::string& text) {
  const std::lock_guard lock(message_mutex);
  const bool rewritten = !progress_line.empty();
  WriteToStandardError((rewritten ? "\r\033[K" : "") + text + "\n" + progress_line);
}

void SetProgressLine(const std::string& text) {
  const std::lock_guard lock(message_mutex);
  const std::string fitting = FirstColumns(text, TerminalColumns());
  WriteToStandardError("\r\033[K" + fitting);
  progress_line = fitting;
}

}  // namespace crease::apps
