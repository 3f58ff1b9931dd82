// Names of configuration keys as users write them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/train/config_keys.h"

namespace crease::transitions {

// In: "width,train.lr". Each is a full name ("model.width") or what the store calls it ("width",
// "loss_function"). Throws Error(kInput) in the name of `option` if there is none, for a name
// that no key has (with the nearest that one has), and for a key that comes twice.
std::vector<const train::ConfigKey*> ParseKeys(const std::string& option, std::string_view list);

}  // namespace crease::transitions
