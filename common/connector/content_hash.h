// common/connector/content_hash.h
//
// The version of a resource: a hash of its content, so that equal content has equal versions
// everywhere.
//
// Limits    The first 64 bits of SHA-256 as 16 hexadecimal digits.

#pragma once

#include <string>
#include <string_view>

#include "google/protobuf/message.h"

namespace postern::connector {

std::string ContentHash(std::string_view bytes);

// Of the message's deterministic wire form.
std::string ContentHash(const google::protobuf::Message& message);

}  // namespace postern::connector
