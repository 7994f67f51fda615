#include "common/mail/stamp.h"

#include "common/base/text.h"
#include "common/mail/date.h"
#include "common/mail/header.h"
#include "common/mail/header_firewall.h"
#include "common/mail/message_id.h"
#include "common/mail/tls_required.h"
#include "common/mail/utf8.h"

namespace postern::mail {

namespace {

constexpr std::size_t kMessageIdBytesMax = 998;

// What follows the stamp is a header block, or the empty line that says that there is none. A
// mailbox file's "From " line is taken for part of the block: clients send it by mistake, and the
// fields after it are meant as fields.
bool ContinuesHeader(std::string_view header) {
  return header.empty() || header.starts_with("\r\n") || header.starts_with("From ") ||
         header.starts_with(">From ") || StartsWithField(header.substr(0, header.find("\r\n")));
}

// "<id>" out of the body of the field; all of it when there are no angle brackets.
std::string MessageIdIn(std::string_view body) {
  const std::string text = CleanText(Unfold(body), kMessageIdBytesMax);
  const std::size_t begin = text.find('<');
  const std::size_t end = text.find('>', begin == std::string::npos ? 0 : begin);
  if (begin == std::string::npos || end == std::string::npos) return text;
  return text.substr(begin, end - begin + 1);
}

}  // namespace

Stamp MakeStamp(std::string_view header, const ReceivedParts& parts, base::Random& random) {
  Stamp stamp;
  const bool continues = ContinuesHeader(header);
  bool has_date = false;
  bool has_message_id = false;
  bool has_subject = false;
  std::size_t tls_required_count = 0;
  HeaderImportance importance;
  if (continues) {
    for (const HeaderField& field : HeaderBlock(header)) {
      if (base::EqualsIgnoreCase(field.name, "Received")) {
        ++stamp.received_count;
      } else if (base::EqualsIgnoreCase(field.name, "Date")) {
        has_date = true;
      } else if (!has_message_id && base::EqualsIgnoreCase(field.name, "Message-ID")) {
        has_message_id = true;
        stamp.internet_message_id = MessageIdIn(field.body);
      } else if (!has_subject && base::EqualsIgnoreCase(field.name, "Subject")) {
        has_subject = true;
        stamp.subject = DecodeWords(field.body);
      } else if (base::EqualsIgnoreCase(field.name, kTlsRequired)) {
        stamp.tls_optional = ++tls_required_count == 1 && SaysTlsOptional(field.body);
      } else if (HidesField(field.name)) {
        stamp.hides = true;
      } else {
        importance.See(field.name, field.body);
      }
    }
  }
  stamp.importance = importance.value();

  stamp.prepend = ReceivedLine(parts);
  if (!has_date) stamp.prepend.append(base::Cat("Date: ", FormatDate(parts.date), "\r\n"));
  if (!has_message_id) {
    stamp.internet_message_id = NewMessageId(parts.host, random);
    stamp.prepend.append(base::Cat("Message-ID: ", stamp.internet_message_id, "\r\n"));
  }
  if (!continues) stamp.prepend.append("\r\n");
  stamp.header_bytes = stamp.prepend.size() + (continues ? HeaderBytes(header) : 0);
  return stamp;
}

}  // namespace postern::mail
