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

inline constexpr int kSignatureVersion = 6;  // the kNumericsVersion that the signatures belong to
inline constexpr char kTinySignature[] = "99f11cd1eea9442c8d409981933f347f";  // of GoldenRuns()
inline constexpr char kSmokeSignature[] =
    "974f2ba635c78711ce3488e8899ba9e9";  // of sweeps/smoke.toml

using NamedRuns = std::vector<std::pair<std::string, RunConfig>>;

// Each norm, activation, optimizer, schedule, initialisation and loss once, on tiny data; the last
// run diverges.
NamedRuns GoldenRuns();

// "name digest steps": a signature is the hash of these lines.
std::string DigestLine(const std::string& name, const RunRecord& record);

}  // namespace crease::train
