// A reply that is taken holds to the rules; what EHLO offers is bounded, whatever the peer says.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/base/check.h"
#include "common/smtp/capabilities.h"
#include "common/smtp/reply_parser.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postern;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto reply = smtp::ParseReply(text);
  if (!reply.ok()) return 0;
  const smtp::Limits limits;
  POSTERN_CHECK(reply->code >= 200 && reply->code <= 599);
  POSTERN_CHECK(!reply->lines.empty() && reply->lines.size() <= limits.reply_lines_max);
  for (const std::string& line : reply->lines) {
    POSTERN_CHECK(line.find_first_of("\r\n") == std::string::npos);
    POSTERN_CHECK(line.size() <= limits.reply_line_bytes_max);
  }
  const smtp::Capabilities peer = smtp::Capabilities::Parse(*reply);
  POSTERN_CHECK(peer.keywords.size() <= 64 && peer.auth.size() <= 64);
  return 0;
}
