// What is taken as an address is one: it is read again as itself, and it can end no line and no
// path.

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/check.h"
#include "common/mail/address.h"
#include "common/mail/domain.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace mail = postern::mail;
  if (size == 0) return 0;
  const bool utf8 = (data[0] & 1) != 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);

  if (const auto address = mail::ParseMailbox(text, utf8); address.ok()) {
    POSTERN_CHECK(address->ToString() == text);
    POSTERN_CHECK(text.find_first_of("\r\n") == std::string_view::npos);
    POSTERN_CHECK(text.find('\0') == std::string_view::npos);
    const std::string path = "<" + std::string(text) + ">";
    POSTERN_CHECK(mail::PathBytes(path + " SIZE=1") == path.size());
    POSTERN_CHECK(mail::ParseReversePath(path, utf8).ok());
    POSTERN_CHECK(mail::ParseForwardPath(path, utf8).value() == *address);
    POSTERN_CHECK(mail::DomainOf(text).size() == address->domain.size());
  }
  if (const auto path = mail::ParseReversePath(text, utf8); path.ok() && !path->null()) {
    POSTERN_CHECK(mail::ParseMailbox(path->ToString(), utf8).ok());
  }
  POSTERN_CHECK(mail::PathBytes(text) <= text.size());
  mail::DomainOf(text);
  if (const auto name = mail::NormalizeDomain(text); name.ok()) {
    POSTERN_CHECK(mail::NormalizeDomain(*name).value() == *name);
  }
  if (const auto literal = mail::LiteralAddress(text); literal.ok()) {
    POSTERN_CHECK(literal->size() < 46);
  }
  return 0;
}
