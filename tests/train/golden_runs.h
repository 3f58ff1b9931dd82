// The golden signatures: one number over the digests of a few short runs, the same on every
// machine, instruction set, compiler and number of threads. They change when, and only when, a
// change alters the bits of some run. This is the one place that states them;
// build/tests/portability/crease_signature prints them, and --check compares.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "lib/train/run_config.h"
#include "lib/train/run_record.h"

namespace crease::train {

inline constexpr int kSignatureVersion = 5;  // the kNumericsVersion that the signatures belong to
inline constexpr char kTinySignature[] = "60307bd59a82a9ee06265c2e7c2b037a";  // of GoldenRuns()
inline constexpr char kSmokeSignature[] =
    "21dbb301aaf5999c597f71a66ba5fa4d";  // of sweeps/smoke.toml

using NamedRuns = std::vector<std::pair<std::string, RunConfig>>;

// Each norm, activation, optimizer, schedule, initialisation and loss once, on tiny data; the last
// run diverges.
NamedRuns GoldenRuns();

// "name digest steps": a signature is the hash of these lines.
std::string DigestLine(const std::string& name, const RunRecord& record);

}  // namespace crease::train
