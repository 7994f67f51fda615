// common/io/own_addresses.h
//
// The addresses of this machine's network interfaces, as they are now.
//
// Failure   Empty when the system does not tell them.

#pragma once

#include <vector>

#include "common/io/endpoint.h"

namespace postern::io {

std::vector<IpAddress> OwnAddresses();

}  // namespace postern::io
