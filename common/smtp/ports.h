// common/smtp/ports.h
//
// ParsePorts: TCP ports as a setting lists them.
//
// Failure   kInvalidArgument naming the word and the rule.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace postern::smtp {

absl::StatusOr<std::vector<std::uint16_t>> ParsePorts(const std::vector<std::string>& words);

}  // namespace postern::smtp
