#include "services/mailbox-transport/settle/dsn_html.h"

#include "common/base/text.h"
#include "common/mail/utf8.h"
#include "services/mailbox-transport/settle/dsn_text.h"

namespace postern::settle {

namespace {

// A line is cut at the first space after this many bytes, and without one before kHtmlLineMax.
constexpr std::size_t kLineSoftMax = 600;
// The longest reference, "&#1114111;".
constexpr std::size_t kReferenceMax = 10;
// What stands beside a text on its line.
constexpr std::size_t kTagsMax = 100;

constexpr std::string_view kStyle =
    "body{font-family:Segoe UI,Helvetica,Arial,sans-serif;font-size:14px;color:#222}\r\n"
    "h1{font-size:18px;font-weight:600}h2{font-size:14px;font-weight:600;color:#555}\r\n"
    ".facts{font-size:12px;color:#555;border-top:1px solid #ccc;margin-top:24px}\r\n"
    "pre{white-space:pre-wrap;font-size:12px}\r\n";

char32_t CodePointOf(std::string_view character) {
  const auto byte = [&](std::size_t i) {
    return static_cast<char32_t>(static_cast<unsigned char>(character[i]));
  };
  constexpr char32_t kFirstBits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
  char32_t point = byte(0) & kFirstBits[character.size()];
  for (std::size_t i = 1; i < character.size(); ++i)
    point = point << 6 | (byte(i) & 0x3f);
  return point;
}

void AppendCharacter(std::string& out, std::string_view character) {
  if (character.size() > 1) {
    out += base::Cat("&#", static_cast<std::uint32_t>(CodePointOf(character)), ";");
    return;
  }
  switch (character.front()) {
    case '<':
      out += "&lt;";
      break;
    case '>':
      out += "&gt;";
      break;
    case '&':
      out += "&amp;";
      break;
    case '"':
      out += "&quot;";
      break;
    default:
      out += character;
  }
}

std::string Paragraph(const ReportedRecipient& one, const std::vector<std::string>& lines) {
  std::string out = base::Cat("<p><b>", HtmlText(one.recipient.address), "</b>");
  for (const std::string& line : lines)
    out += base::Cat("<br>\r\n", HtmlText(line));
  return out + "</p>\r\n";
}

}  // namespace

std::string HtmlText(std::string_view text) {
  const std::string clean = mail::CleanText(text, kDiagnosticBytesMax);
  std::string out;
  std::size_t line_begin = 0;
  for (std::string_view rest = clean; !rest.empty();) {
    const std::string_view character = rest.substr(0, mail::Utf8CharacterBytes(rest));
    rest.remove_prefix(character.size());
    const std::size_t column = out.size() - line_begin;
    if (character == " " && column > kLineSoftMax) {
      out += "\r\n";
      line_begin = out.size();
      continue;
    }
    if (column + kReferenceMax > kHtmlLineMax - kTagsMax) {
      out += "\r\n";
      line_begin = out.size();
    }
    AppendCharacter(out, character);
  }
  return out;
}

std::string HtmlForPeople(const Report& report, std::string_view headers) {
  std::string out = base::Cat("<!DOCTYPE html>\r\n<html lang=\"en\"><head>\r\n",
                              "<meta charset=\"us-ascii\">\r\n<title>",
                              HtmlText(SubjectOf(report.kind, report.subject)),
                              "</title>\r\n<style>\r\n", kStyle, "</style></head>\r\n<body>\r\n");
  out += base::Cat("<h1>", OpeningOf(report.kind), "</h1>\r\n");
  for (const ReportedRecipient& one : report.recipients)
    out += Paragraph(one, SentencesFor(report, one));
  out += base::Cat("<div class=\"facts\">\r\n<h2>", kForAdministrators, "</h2>\r\n<p>",
                   kGeneratingServer, HtmlText(report.reporting_mta), "</p>\r\n");
  for (const ReportedRecipient& one : report.recipients)
    out += Paragraph(one, FactsOf(one));
  const std::string shown = ShownHeaders(headers);
  if (!shown.empty()) {
    out += base::Cat("<p>", kOriginalHeaders, "</p>\r\n<pre>\r\n");
    for (std::string_view line : base::Split(shown, '\n')) {
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (!line.empty()) out += base::Cat(HtmlText(line), "\r\n");
    }
    out += "</pre>\r\n";
  }
  return out + "</div>\r\n</body></html>\r\n";
}

}  // namespace postern::settle
