// What is read out of an IMCEA address is read again when it is written as one, and holds nothing
// that could end a line. X.400 attributes hold themselves.

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/check.h"
#include "common/mail/address.h"
#include "common/mail/imcea.h"
#include "common/mail/x400_address.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace mail = postern::mail;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto typed = mail::FromImcea(text)) {
    POSTERN_CHECK(!typed->type.empty() && !typed->address.empty());
    POSTERN_CHECK(std::none_of(typed->address.begin(), typed->address.end(), [](char c) {
      return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    }));
    const std::string again = mail::ToImcea(*typed) + "@a";
    if (again.size() <= mail::kMailboxBytesMax) POSTERN_CHECK(mail::FromImcea(again) == typed);
  }
  if (const auto x400 = mail::ParseX400(text)) {
    POSTERN_CHECK(x400->Holds(*x400));
    POSTERN_CHECK(x400->attributes.size() <= mail::kX400AttributesMax);
  }
  return 0;
}
