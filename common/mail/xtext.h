// common/mail/xtext.h
//
// xtext: the form in which DSN parameters carry any text.
//
// See       RFC 3461 §4

#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace postern::mail {

// "+", "=", and all that is not printable ASCII become "+XX".
std::string EncodeXtext(std::string_view text);
// nullopt when it is not xtext. With `utf8` bytes beyond ASCII stand for themselves, as in an
// address of the type utf-8 (RFC 6533 §3).
std::optional<std::string> DecodeXtext(std::string_view xtext, bool utf8 = false);
bool IsXtext(std::string_view text);

}  // namespace postern::mail
