// common/smtp/wire_check.h
//
// The rules for text that comes from, or goes to, the wire; shared by the conversions.
//
// See       common/smtp/wire.h

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace postern::smtp {

// kInvalidArgument "<field>: <rule>".
absl::Status Wrong(std::string_view field, std::string_view rule);

// At most kWireTextBytesMax bytes, no control characters.
absl::Status CheckText(std::string_view field, std::string_view text);

// The same, and no space and no angle bracket: what stands in a command line.
absl::Status CheckWord(std::string_view field, std::string_view text, std::size_t bytes_max);

// Protocol buffers carry UTF-8 only: any other byte above 127 becomes "?".
std::string Utf8Only(std::string_view text);

}  // namespace postern::smtp
