// The outside of a benchmark program.
#pragma once

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

namespace crease::benchmarks {

// Calls run(words) with the program's arguments; returns its exit code, or 1 after printing what it
// threw.
template <typename Run>
int RunMain(const Run& run, int argc, char** argv) {
  try {
    return run(std::vector<std::string>(argv + 1, argv + argc));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}

}  // namespace crease::benchmarks
