// common/base/host_name.h
//
// HostName: the name a service goes by: what is set, or else the machine's own name.

#pragma once

#include <string>

namespace postern::base {

std::string HostName(const std::string& set);

}  // namespace postern::base
