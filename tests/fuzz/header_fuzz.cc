// The fields of a header lie inside it, in order; a stamped message has the header that the stamp
// says.

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/check.h"
#include "common/mail/header.h"
#include "common/mail/stamp.h"
#include "common/mail/utf8.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace mail = postern::mail;
  const std::string_view message(reinterpret_cast<const char*>(data), size);
  const mail::HeaderBlock block(message);
  POSTERN_CHECK(block.bytes().size() == mail::HeaderBytes(message));

  const char* at = message.data();
  for (const mail::HeaderField& field : block) {
    POSTERN_CHECK(field.raw.data() >= at);
    POSTERN_CHECK(!field.name.empty());
    POSTERN_CHECK(field.raw.starts_with(field.name));
    POSTERN_CHECK(field.name.size() + field.body.size() < field.raw.size());
    at = field.raw.data() + field.raw.size();
    POSTERN_CHECK(at <= message.data() + block.bytes().size());
    POSTERN_CHECK(mail::Unfold(field.body).find("\r\n") == std::string::npos);
    const std::string text = mail::DecodeWords(field.body);
    POSTERN_CHECK(mail::IsUtf8(text) && text.size() <= mail::kDecodedBytesMax);
  }

  postern::base::SeededRandom random(1);
  const mail::ReceivedParts parts = {
      .helo = message.substr(0, 300), .host = "mail.test", .date = {}};
  const mail::Stamp stamp = mail::MakeStamp(block.bytes(), parts, random);
  const std::string stored = stamp.prepend + std::string(message);
  POSTERN_CHECK(mail::HeaderBytes(stored) == stamp.header_bytes);
  POSTERN_CHECK(mail::HeaderBlock(stored).Count("Received") == stamp.received_count + 1);
  POSTERN_CHECK(mail::HeaderBlock(stored).Count("Date") >= 1);
  POSTERN_CHECK(mail::HeaderBlock(stored).Count("Message-ID") >= 1);
  POSTERN_CHECK(mail::IsUtf8(stamp.subject) && mail::IsUtf8(stamp.internet_message_id));
  return 0;
}
