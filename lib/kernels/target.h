// Which instruction set the kernels run on.
#pragma once

#include <string>
#include <vector>

namespace crease::kernels {

// The targets that are compiled in and that this CPU has, best first: "AVX3", "AVX2", "EMU128".
std::vector<std::string> SupportedTargets();

// What dispatch takes: the first of SupportedTargets() unless a test forced another.
std::string TargetName();

// For tests: forces one target of SupportedTargets() on the whole process ("" goes back to the
// best). Not while kernels run on other threads.
void ForceTarget(const std::string& name);

}  // namespace crease::kernels
