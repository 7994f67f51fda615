#include "services/mailbox-transport/settle/dsn_text.h"

#include "common/base/text.h"
#include "common/mail/date.h"
#include "common/mail/utf8.h"

namespace postern::settle {

namespace {

constexpr std::size_t kSubjectBytesMax = 256;
constexpr std::size_t kLineMax = 900;

struct Explanation {
  int subject;
  int detail;  // -1: every other of the subject
  std::string_view text;
};

constexpr Explanation kExplanations[] = {
    {1, 1, "The address was not found there. Check it for mistakes and send the message again."},
    {1, 2, "The domain of the address could not be found. Check it for mistakes."},
    {1, 3, "The address is not a valid one. Check it for mistakes and send the message again."},
    {1, 4, "The address matches more than one recipient."},
    {1, 7, "The address of the sender was not accepted."},
    {1, 8, "The address of the sender was not accepted."},
    {1, 10, "The domain of the address accepts no mail."},
    {1, -1, "The address was not accepted."},
    {2, 1, "The mailbox cannot be accessed."},
    {2, 2, "The mailbox is full. Try again later, or reach the recipient in another way."},
    {2, 3, "The message is larger than the recipient may receive."},
    {2, 4, "The mailing list could not be expanded."},
    {2, -1, "The mailbox could not take the message."},
    {3, 3, "The server of the recipient has no room, or did not understand a command."},
    {3, 4, "The message is too large. Make it smaller and send it again."},
    {3, 5, "The system that should take the message is not set up correctly."},
    {3, -1, "The system that should take the message could not."},
    {4, 1, "The server did not answer in time."},
    {4, 2, "The connection to the server was lost."},
    {4, 4, "No server for the domain of the address could be found."},
    {4, 6, "The message went in a circle between servers."},
    {4, 7, "The message could not be delivered in time. Its server did not accept it."},
    {4, -1, "The server could not be reached."},
    {5, 2, "The servers did not understand each other: one command came before its time."},
    {5, 3, "The message has too many recipients."},
    {5, 4, "The name of a domain was not accepted. Check the address for mistakes."},
    {5, 6, "The content of the message was not accepted."},
    {5, -1, "The servers did not understand each other."},
    {6, 3, "The message contains 8-bit text, which the server does not accept."},
    {6, 7, "The address contains characters that the server does not accept."},
    {6, -1, "The content of the message was not accepted."},
    {7, 3, "The servers could not prove to each other who they are."},
    {7, 30,
     "The message may travel only where TLS protects it, and the servers there do not promise "
     "that."},
    {7, -1, "You may not send to this recipient, or the message was taken for unwanted."},
};

// On more than one line when it is longer than a line may be.
std::string Line(std::string_view text) {
  std::string out;
  const std::string clean = mail::CleanText(text, kDiagnosticBytesMax);
  std::string_view rest = clean;
  while (rest.size() > kLineMax) {
    const std::size_t fits = mail::Utf8Cut(rest, kLineMax);
    out += base::Cat(rest.substr(0, fits), "\r\n");
    rest.remove_prefix(fits);
  }
  return base::Cat(out, rest, "\r\n");
}

std::string Paragraph(const ReportedRecipient& one, const std::vector<std::string>& lines) {
  std::string out = Line(one.recipient.address);
  for (const std::string& line : lines)
    out += Line(line);
  return out + "\r\n";
}

bool IsRemote(const ReportedRecipient& one) {
  return one.origin == smtp::Origin::kRemote && !one.host.empty();
}

}  // namespace

std::string_view ExplanationOf(mail::EnhancedStatus status) {
  for (const Explanation& one : kExplanations) {
    if (one.subject == status.subject && (one.detail == -1 || one.detail == status.detail)) {
      return one.text;
    }
  }
  return "The message was not accepted.";
}

std::string SubjectOf(DsnKind kind, std::string_view subject) {
  const std::string shown = mail::CleanText(subject, kSubjectBytesMax);
  switch (kind) {
    case DsnKind::kFailed:
      return base::Cat("Undeliverable: ", shown);
    case DsnKind::kDelayed:
      return base::Cat("Delivery delayed: ", shown);
    case DsnKind::kRelayed:
      return base::Cat("Relayed: ", shown);
  }
  return shown;
}

std::string ResponseOf(const ReportedRecipient& one) {
  return one.reply ? one.reply->ToString() : one.error;
}

std::string_view OpeningOf(DsnKind kind) {
  switch (kind) {
    case DsnKind::kFailed:
      return "Delivery has failed to these recipients or groups:";
    case DsnKind::kDelayed:
      return "Delivery is delayed to these recipients or groups:";
    case DsnKind::kRelayed:
      return "Delivery to these recipients or groups is complete, but no delivery notification was "
             "sent by the destination server:";
  }
  return "";
}

std::vector<std::string> SentencesFor(const Report& report, const ReportedRecipient& one) {
  std::vector<std::string> out;
  switch (report.kind) {
    case DsnKind::kFailed:
      out.emplace_back(ExplanationOf(one.status));
      if (IsRemote(one)) {
        out.push_back(base::Cat("The following server refused the message: ", one.host));
      }
      break;
    case DsnKind::kDelayed:
      out.emplace_back("The message was not delivered yet. You do not need to send it again.");
      if (report.retry_until != absl::InfiniteFuture()) {
        out.push_back(
            base::Cat("Delivery is tried until ", mail::FormatDate(report.retry_until), "."));
      }
      break;
    case DsnKind::kRelayed:
      out.emplace_back("The message was handed to the server of the recipient.");
      break;
  }
  return out;
}

std::vector<std::string> FactsOf(const ReportedRecipient& one) {
  std::vector<std::string> out;
  if (IsRemote(one)) out.push_back(base::Cat("Remote Server: ", one.host));
  out.push_back(base::Cat("Status: ", one.status.ToString()));
  const std::string response = ResponseOf(one);
  if (!response.empty()) out.push_back(base::Cat("Response: ", response));
  return out;
}

std::string ShownHeaders(std::string_view headers) {
  if (headers.size() > kHeadersShownMax) {
    const std::size_t end = headers.substr(0, kHeadersShownMax).rfind('\n');
    headers = headers.substr(0, end == std::string_view::npos ? 0 : end + 1);
  }
  std::string out;
  for (std::string_view line : base::Split(headers, '\n')) {
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (!line.empty()) out += base::Cat(mail::CleanText(line, 998), "\r\n");
  }
  return out;
}

std::string TextForPeople(const Report& report, std::string_view headers) {
  std::string out = base::Cat(OpeningOf(report.kind), "\r\n\r\n");
  for (const ReportedRecipient& one : report.recipients)
    out += Paragraph(one, SentencesFor(report, one));
  out += base::Cat("\r\n", kForAdministrators, "\r\n\r\n");
  out += Line(base::Cat(kGeneratingServer, report.reporting_mta));
  out += "\r\n";
  for (const ReportedRecipient& one : report.recipients)
    out += Paragraph(one, FactsOf(one));
  const std::string shown = ShownHeaders(headers);
  if (!shown.empty()) out += base::Cat(kOriginalHeaders, "\r\n\r\n", shown);
  return out;
}

}  // namespace postern::settle
