// The findings of a scan do not depend on how the content was cut.

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/check.h"
#include "common/mail/content.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace mail = postern::mail;
  if (size == 0) return 0;
  const std::size_t step = 1 + data[0] % 16;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);

  mail::ContentScan whole;
  whole.Feed(text);
  whole.Finish();
  mail::ContentScan cut;
  for (std::size_t at = 0; at < text.size(); at += step)
    cut.Feed(text.substr(at, step));
  cut.Finish();

  POSTERN_CHECK(whole.bare_cr() == cut.bare_cr() && whole.bare_lf() == cut.bare_lf());
  POSTERN_CHECK(whole.nul() == cut.nul() && whole.eight_bit() == cut.eight_bit());
  POSTERN_CHECK(whole.longest_line() == cut.longest_line());
  POSTERN_CHECK(whole.bytes() == text.size() && cut.bytes() == text.size());
  return 0;
}
