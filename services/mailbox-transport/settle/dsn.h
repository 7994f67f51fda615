// services/mailbox-transport/settle/dsn.h
//
// DSN: the report to a sender - for people, for programs, and what it is about. Pure.
//
// Flow      Fill a Report; BuildDsn gives the whole message with CRLF line ends. The original goes
//           back without what the header firewall holds: Received, Resent-*, X-MS-Exchange-*.
// Limits    A diagnostic is cut to kDiagnosticBytesMax; every line is at most 998 bytes if those of
//           the original are.
// See       RFC 3461 §6; RFC 3464; RFC 6522; RFC 6533; RFC 3834

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

#include "common/base/random.h"
#include "common/mail/envelope.h"
#include "common/mail/reply.h"
#include "common/smtp/outcome.h"

namespace postern::settle {

inline constexpr std::size_t kDiagnosticBytesMax = 2000;

enum class DsnKind : std::uint8_t { kFailed, kDelayed, kRelayed };

std::string_view NameOf(DsnKind kind);

struct ReportedRecipient {
  mail::Recipient recipient;
  mail::EnhancedStatus status;
  smtp::Origin origin = smtp::Origin::kNone;
  std::optional<mail::Reply> reply;  // verbatim, when a remote answered
  std::string error;                 // otherwise: in the form of a reply, "451 4.4.0 ..."
  std::string host;                  // who answered
};

// What the report is about; the pipeline reads it from the store.
struct Original {
  std::string headers;              // with the blank line; from the start of the message
  std::optional<std::string> body;  // the rest; nothing when only headers are returned
  // The sender asked for it (RET=FULL). If not, a body that no host without 8BITMIME could take is
  // left out, so that the report reaches everybody.
  bool body_asked = false;
};

struct Report {
  DsnKind kind = DsnKind::kFailed;
  std::string reporting_mta;  // our name
  std::string authority;      // domain of the Message-ID
  std::string from;           // the postmaster's address
  std::string to;             // the sender of the original
  std::string subject;        // of the original
  std::string references;     // Message-ID of the original, with angle brackets
  std::string envid;          // xtext, as it was given
  bool smtputf8 = false;      // of the original
  bool html = true;           // as well as plain text
  absl::Time now;
  absl::Time arrived;
  absl::Time retry_until = absl::InfiniteFuture();  // kDelayed
  std::vector<ReportedRecipient> recipients;
};

struct Dsn {
  std::string bytes;
  std::uint32_t header_bytes = 0;  // with the blank line
  bool eight_bit = false;
  bool smtputf8 = false;
  std::string message_id;  // with angle brackets
  std::string subject;
};

Dsn BuildDsn(const Report& report, const Original& original, base::Random& random);

// Whether RFC 3461 wants this report for a recipient with these NOTIFY bits.
bool Wanted(DsnKind kind, std::uint8_t notify);

}  // namespace postern::settle
