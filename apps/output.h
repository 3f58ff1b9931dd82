// Where the program prints: results to standard output, messages to standard error.
//
// Not thread-safe, except Message().
#pragma once

#include <ostream>
#include <string>

namespace crease::apps {

// Thrown when whoever read standard output has gone (`crease ... | head`): no fault of anybody.
struct OutputClosed {};

// Standard output. Writing to it, or flushing, throws OutputClosed or Error(kSystem) at once when
// the system refuses, so that a full disk is never taken for a finished table.
std::ostream& Out();

// Flushes Out(); throws as writing to it does.
void FlushOut();

// Puts something harmless in the place of standard streams that the caller closed, so that no file
// opened later takes their number, and turns a broken pipe into an error of write().
void PrepareStandardStreams();

bool OutIsTerminal();
bool MessagesAreOnTerminal();

// Bold and red, or nothing where NO_COLOR is set or there is no terminal.
std::string Bold(const std::string& text);            // for Out()
std::string RedForMessages(const std::string& text);  // for Message()

// One line (or more) to standard error, above the progress line if there is one. Thread-safe.
void Message(const std::string& text);

// The line that is rewritten in place on a terminal; "" removes it. Thread-safe.
// Requires: MessagesAreOnTerminal().
void SetProgressLine(const std::string& text);

}  // namespace crease::apps
