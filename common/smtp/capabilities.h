// common/smtp/capabilities.h
//
// Capabilities: what the peer's EHLO offers.
//
// Limits    64 keywords of 128 bytes; the rest is not kept. A keyword that is not well formed is
//           passed over, and so is a limit of LIMITS that is not 1 to 999999.
// See       RFC 5321 §4.1.1.1; RFC 1870, 2920, 3030, 3207, 3461, 4954, 6152, 6531, 2034, 8689, 9422

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/mail/esmtp_params.h"
#include "common/mail/reply.h"

namespace postern::smtp {

struct Capabilities {
  bool pipelining = false;
  bool size = false;
  std::uint64_t size_max = 0;  // 0: the peer names no limit
  bool eight_bit_mime = false;
  bool dsn = false;
  bool chunking = false;
  bool smtputf8 = false;
  bool starttls = false;
  bool require_tls = false;  // of no meaning in clear
  bool enhanced_status_codes = false;
  // Of LIMITS; 0: the peer names none.
  std::uint32_t messages_max = 0;           // MAILMAX: transactions on a connection
  std::uint32_t recipients_max = 0;         // RCPTMAX: RCPT commands in a transaction
  std::uint32_t recipient_domains_max = 0;  // RCPTDOMAINMAX: domains of those
  std::vector<std::string> auth;            // mechanisms, upper case
  std::vector<std::string> keywords;        // every line, printable, in the peer's order

  static Capabilities Parse(const mail::Reply& ehlo);

  // For mail::MailParameters.
  mail::EsmtpFeatures Features(std::uint64_t message_size) const;
};

}  // namespace postern::smtp
