// services/mailbox-transport/accept/replies.h
//
// Replies that are given at more than one place, word for word.
//
// See       RFC 5321 §4.2, RFC 4954 §6

#pragma once

#include <string_view>

namespace postern::accept {

inline constexpr std::string_view kHelloFirst = "503 5.5.1 send EHLO first";
inline constexpr std::string_view kMailFirst = "503 5.5.1 send MAIL first";
inline constexpr std::string_view kCredentialsNotValid =
    "535 5.7.8 authentication credentials are not valid";
inline constexpr std::string_view kTooManyMessages =
    "450 4.7.1 too many messages in a minute, try again later";
inline constexpr std::string_view kTooManyRecipients =
    "450 4.7.1 too many recipients in a minute, try again later";

}  // namespace postern::accept
