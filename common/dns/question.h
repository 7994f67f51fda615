// common/dns/question.h
//
// What is asked of whom: the name that goes into a DNS question, and the servers that get it.
//
// Failure   kInvalidArgument naming the text and the rule.
// See       RFC 1035 §2.3.4, §4.2

#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

#include "common/dns/message.h"
#include "common/io/endpoint.h"

namespace postern::dns {

// "192.0.2.53", "127.0.0.1:5353" or "[::1]:53"; port 53 without one.
absl::StatusOr<io::Endpoint> ParseServer(std::string_view text);

// Labels of letters, digits, hyphens and underscores, lower case, without trailing dot. `kind` is
// for the error.
absl::StatusOr<std::string> NameToAsk(std::string_view kind, std::string_view text);

// "mx", "a", "aaaa", "tlsa", "txt", "ptr".
std::string_view KindOf(RecordType type);

}  // namespace postern::dns
