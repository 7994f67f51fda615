#include "common/mail/tls_required.h"

#include <optional>
#include <string>

#include "common/base/text.h"

namespace postern::mail {

namespace {

// A space stands for each comment (RFC 5322 §3.2.2); nothing when one does not end.
std::optional<std::string> WithoutComments(std::string_view body) {
  std::string out;
  std::size_t depth = 0;
  for (std::size_t i = 0; i < body.size(); ++i) {
    const char c = body[i];
    if (c == '(') {
      if (depth++ == 0) out.push_back(' ');
    } else if (depth == 0) {
      out.push_back(c);
    } else if (c == ')') {
      --depth;
    } else if (c == '\\') {
      ++i;
    }
  }
  if (depth > 0) return std::nullopt;
  return out;
}

}  // namespace

bool SaysTlsOptional(std::string_view body) {
  if (body.size() > kTlsRequiredBytesMax) return false;
  const std::optional<std::string> plain = WithoutComments(body);
  return plain.has_value() && base::EqualsIgnoreCase(base::Trim(*plain), "no");
}

}  // namespace postern::mail
