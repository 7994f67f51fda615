// common/settings/nearest.h
//
// Nearest: the known name that somebody who wrote another most likely meant.
//
// Limits    Of a name of n letters at most a quarter, and at least two, may have to change.

#pragma once

#include <string_view>
#include <vector>

namespace postern::settings {

// Empty when none is near.
std::string_view Nearest(std::string_view text, const std::vector<std::string_view>& names);

}  // namespace postern::settings
