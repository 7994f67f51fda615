// common/io/system_address.h
//
// IpAddressIn: the IP address in what the system gives.
//
// Failure   None: an address of another family is none.

#pragma once

#include <optional>

#include "common/io/endpoint.h"

struct sockaddr;

namespace postern::io {

std::optional<IpAddress> IpAddressIn(const sockaddr& address);

}  // namespace postern::io
