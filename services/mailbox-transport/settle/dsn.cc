// The whole message:
//
//   header                          null-sender mail from the postmaster, Auto-Submitted
//   multipart/report
//     multipart/alternative         for people: text/plain, text/html; or text/plain alone
//     message/delivery-status       for programs (global-delivery-status with SMTPUTF8)
//     message/rfc822                the original, or text/rfc822-headers

#include "services/mailbox-transport/settle/dsn.h"

#include <algorithm>

#include "common/base/text.h"
#include "common/mail/address.h"
#include "common/mail/date.h"
#include "common/mail/eight_bit.h"
#include "common/mail/header_firewall.h"
#include "common/mail/message_id.h"
#include "common/mail/utf8.h"
#include "common/mail/xtext.h"
#include "services/mailbox-transport/settle/dsn_html.h"
#include "services/mailbox-transport/settle/dsn_text.h"

namespace postern::settle {

namespace {

constexpr std::size_t kLineSoftMax = 76;
constexpr std::size_t kWordMax = 900;

std::string_view ActionOf(DsnKind kind) {
  switch (kind) {
    case DsnKind::kFailed:
      return "failed";
    case DsnKind::kDelayed:
      return "delayed";
    case DsnKind::kRelayed:
      return "relayed";
  }
  return "failed";
}

// "Name: value" on as many lines as it needs.
std::string Field(std::string_view name, std::string_view value) {
  std::string out = base::Cat(name, ":");
  std::size_t column = out.size();
  bool first = true;
  for (std::string_view word : base::Split(value, ' ')) {
    if (word.empty()) continue;
    do {
      const std::string_view part = word.substr(0, mail::Utf8Cut(word, kWordMax));
      word.remove_prefix(part.size());
      const bool fold = !first && column + 1 + part.size() > kLineSoftMax;
      out += fold ? "\r\n " : " ";
      column = fold ? 1 : column + 1;
      out += part;
      column += part.size();
      first = false;
    } while (!word.empty());
  }
  return out + "\r\n";
}

// A value of a delivery-status field: UTF-8 where the report may hold it, else ASCII.
std::string Shown(std::string_view text, bool utf8) {
  const std::string clean = mail::CleanText(text, kDiagnosticBytesMax);
  if (utf8 || mail::IsAscii(clean)) return clean;
  return base::Printable(text, kDiagnosticBytesMax);
}

// An address with its type; RFC 6533 has a form for one that is not ASCII.
std::string Typed(std::string_view address, bool utf8) {
  if (mail::IsAscii(address)) return base::Cat("rfc822; ", address);
  return base::Cat("utf-8; ", Shown(address, utf8));
}

std::string OriginalRecipient(std::string_view orcpt, bool utf8) {
  const std::size_t semicolon = orcpt.find(';');
  if (semicolon == std::string_view::npos) return "";
  const std::string_view type = orcpt.substr(0, semicolon);
  const auto address =
      mail::DecodeXtext(orcpt.substr(semicolon + 1), base::EqualsIgnoreCase(type, "utf-8"));
  if (!address) return "";
  return base::Cat(Shown(type, false), "; ", Shown(*address, utf8));
}

std::string StatusOf(const Report& report, const ReportedRecipient& one) {
  const bool utf8 = report.smtputf8;
  std::string out = "\r\n";
  const std::string original = OriginalRecipient(one.recipient.orcpt, utf8);
  if (!original.empty()) out += Field("Original-Recipient", original);
  out += Field("Final-Recipient", Typed(one.recipient.address, utf8));
  out += Field("Action", ActionOf(report.kind));
  out += Field("Status", one.status.ToString());
  if (one.origin == smtp::Origin::kRemote && !one.host.empty()) {
    out += Field("Remote-MTA", base::Cat("dns; ", Shown(one.host, false)));
  }
  const std::string response = ResponseOf(one);
  if (!response.empty()) {
    out += Field("Diagnostic-Code", base::Cat("smtp; ", Shown(response, utf8)));
  }
  out += Field("Last-Attempt-Date", mail::FormatDate(report.now));
  if (report.kind == DsnKind::kDelayed && report.retry_until != absl::InfiniteFuture()) {
    out += Field("Will-Retry-Until", mail::FormatDate(report.retry_until));
  }
  return out;
}

std::string DeliveryStatus(const Report& report) {
  std::string out;
  if (!report.envid.empty()) {
    const auto envid = mail::DecodeXtext(report.envid);
    if (envid) out += Field("Original-Envelope-Id", Shown(*envid, report.smtputf8));
  }
  out += Field("Reporting-MTA", base::Cat("dns; ", report.reporting_mta));
  out += Field("Arrival-Date", mail::FormatDate(report.arrived));
  for (const ReportedRecipient& one : report.recipients)
    out += StatusOf(report, one);
  return out;
}

// RFC 2047 words of at most 75 characters, cut between characters.
std::string HeaderText(std::string_view text) {
  if (mail::IsAscii(text)) return std::string(text);
  std::string out;
  std::string chunk;
  const auto flush = [&] {
    if (!chunk.empty())
      out += base::Cat(out.empty() ? "" : " ", "=?utf-8?B?", base::Base64(chunk), "?=");
    chunk.clear();
  };
  while (!text.empty()) {
    const std::size_t bytes = std::max<std::size_t>(mail::Utf8CharacterBytes(text), 1);
    if (chunk.size() + bytes > 42) flush();
    chunk += text.substr(0, bytes);
    text.remove_prefix(bytes);
  }
  flush();
  return out;
}

std::string Base64Lines(std::string_view bytes) {
  std::string out;
  for (; !bytes.empty(); bytes.remove_prefix(std::min<std::size_t>(57, bytes.size())))
    out += base::Cat(base::Base64(bytes.substr(0, 57)), "\r\n");
  return out;
}

// A part with the transfer encoding it needs; text may be encoded, a message may not.
std::string Part(std::string_view type, std::string_view content, bool encodable) {
  const bool ascii = mail::IsAscii(content);
  std::string out = base::Cat("Content-Type: ", type, "\r\n");
  if (!ascii) {
    out += base::Cat("Content-Transfer-Encoding: ", encodable ? "base64" : "8bit", "\r\n");
  }
  out += "\r\n";
  out += ascii || !encodable ? std::string(content) : Base64Lines(content);
  if (!out.ends_with("\r\n")) out += "\r\n";
  return out;
}

std::string BoundaryOf(const std::vector<std::string>& parts, base::Random& random) {
  std::string boundary = random.Uuid();
  const auto inside = [&](const std::string& part) {
    return part.find(boundary) != std::string::npos;
  };
  while (std::any_of(parts.begin(), parts.end(), inside))
    boundary = random.Uuid();
  return boundary;
}

std::string Joined(const std::vector<std::string>& parts, std::string_view boundary) {
  std::string out;
  for (const std::string& part : parts)
    out += base::Cat("--", boundary, "\r\n", part, "\r\n");
  return out + base::Cat("--", boundary, "--\r\n");
}

std::string PartForPeople(const Report& report, std::string_view headers, base::Random& random) {
  const std::string text = TextForPeople(report, headers);
  std::string plain =
      Part(mail::IsAscii(text) ? "text/plain; charset=us-ascii" : "text/plain; charset=utf-8", text,
           true);
  if (!report.html) return plain;
  std::vector<std::string> forms = {std::move(plain)};
  forms.push_back(Part("text/html; charset=us-ascii", HtmlForPeople(report, headers), true));
  const std::string boundary = BoundaryOf(forms, random);
  return Part(base::Cat("multipart/alternative; boundary=\"", boundary, "\""),
              Joined(forms, boundary), false);
}

std::string OriginalPart(std::string_view headers,
                         const std::optional<std::string>& body,
                         bool utf8) {
  if (body) {
    const std::string content = base::Cat(headers, *body);
    const bool global = utf8 && !mail::IsAscii(headers);
    return Part(global ? "message/global" : "message/rfc822", content, false);
  }
  if (utf8 && !mail::IsAscii(headers)) {
    return Part("message/global-headers; charset=utf-8", headers, false);
  }
  const bool ascii = mail::IsAscii(headers);
  return Part(ascii ? "text/rfc822-headers" : "text/rfc822-headers; charset=utf-8", headers, true);
}

std::string Header(const Report& report,
                   const Dsn& dsn,
                   std::string_view boundary,
                   bool eight_bit) {
  const std::string_view status_type =
      report.smtputf8 ? "global-delivery-status" : "delivery-status";
  std::string out;
  out += Field("Date", mail::FormatDate(report.now));
  out += Field("From", report.from);
  // What keeps a report from a host without SMTPUTF8 is the sender's address alone, if that.
  const auto plain = mail::AsciiMailbox(report.to);
  out += Field("To", mail::CleanText(plain.ok() ? *plain : report.to, 900));
  out += Field("Subject", HeaderText(dsn.subject));
  out += Field("Message-ID", dsn.message_id);
  if (!report.references.empty() && mail::IsAscii(report.references)) {
    const std::string references = mail::CleanText(report.references, 900);
    out += Field("In-Reply-To", references);
    out += Field("References", references);
  }
  out += "Auto-Submitted: auto-replied\r\n";
  out += "MIME-Version: 1.0\r\n";
  if (eight_bit) out += "Content-Transfer-Encoding: 8bit\r\n";
  out += base::Cat("Content-Type: multipart/report; report-type=", status_type, ";\r\n");
  out += base::Cat(" boundary=\"", boundary, "\"\r\n\r\n");
  return out;
}

Dsn Whole(const Report& report,
          const std::string& headers,
          const std::optional<std::string>& body,
          base::Random& random) {
  Dsn dsn;
  dsn.message_id = mail::NewMessageId(report.authority, random);
  dsn.subject = SubjectOf(report.kind, report.subject);

  const bool utf8 = report.smtputf8;
  std::vector<std::string> parts;
  parts.push_back(PartForPeople(report, headers, random));
  parts.push_back(Part(utf8 ? "message/global-delivery-status" : "message/delivery-status",
                       DeliveryStatus(report), false));
  if (!headers.empty()) parts.push_back(OriginalPart(headers, body, utf8));

  const std::string boundary = BoundaryOf(parts, random);
  const bool eight_bit = !std::all_of(parts.begin(), parts.end(),
                                      [](const std::string& part) { return mail::IsAscii(part); });
  dsn.bytes = Header(report, dsn, boundary, eight_bit);
  dsn.header_bytes = static_cast<std::uint32_t>(dsn.bytes.size());
  dsn.bytes += Joined(parts, boundary);
  const bool header_ascii = mail::IsAscii(std::string_view(dsn.bytes).substr(0, dsn.header_bytes));
  dsn.eight_bit = eight_bit || !header_ascii;
  dsn.smtputf8 = utf8 && dsn.eight_bit;
  return dsn;
}

}  // namespace

std::string_view NameOf(DsnKind kind) {
  return ActionOf(kind);
}

bool Wanted(DsnKind kind, std::uint8_t notify) {
  if ((notify & mail::kNotifyNever) != 0) return false;
  switch (kind) {
    case DsnKind::kFailed:
      return notify == 0 || (notify & mail::kNotifyFailure) != 0;
    case DsnKind::kDelayed:
      return notify == 0 || (notify & mail::kNotifyDelay) != 0;
    case DsnKind::kRelayed:
      return (notify & mail::kNotifySuccess) != 0;
  }
  return false;
}

Dsn BuildDsn(const Report& report, const Original& original, base::Random& random) {
  // What the organization writes into headers for itself goes back to nobody.
  const std::string headers =
      mail::FilterHeader(original.headers, mail::FirewallRules()).value_or(original.headers);
  Dsn dsn = Whole(report, headers, original.body, random);
  const bool optional = original.body && !original.body_asked;
  if (optional && dsn.eight_bit && !mail::ToSevenBit(dsn.bytes).ok()) {
    dsn = Whole(report, headers, std::nullopt, random);
  }
  return dsn;
}

}  // namespace postern::settle
