// common/mail/utf8.h
//
// UTF-8 as far as mail needs it: is it valid, and how to show what is not.
//
// See       RFC 3629 §4

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace postern::mail {

bool IsAscii(std::string_view text);

// The bytes of the character at the start of `text`; 0 when there is no valid one.
std::size_t Utf8CharacterBytes(std::string_view text);

bool IsUtf8(std::string_view text);

// How much of `text` fits `bytes_max` without the last character in two; of what is not UTF-8 as
// much as there is room for.
std::size_t Utf8Cut(std::string_view text, std::size_t bytes_max);

// For people and protobuf strings: control characters become spaces, bytes that are not UTF-8
// become "?", and the end is cut to `bytes_max` between characters.
std::string CleanText(std::string_view text, std::size_t bytes_max);

}  // namespace postern::mail
