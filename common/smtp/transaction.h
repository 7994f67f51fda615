// common/smtp/transaction.h
//
// Transaction: what one offer of a message brought on one session, as data.
//
// See       common/smtp/session.h

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/status.h"

#include "common/mail/envelope.h"
#include "common/mail/reply.h"
#include "common/smtp/body_source.h"
#include "common/smtp/outcome.h"

namespace postern::smtp {

// What is offered in one transaction: the envelope, and which of its recipients.
struct Offer {
  const mail::Envelope& envelope;
  std::span<const std::size_t> recipients;  // indexes into envelope.recipients
  std::uint64_t size = 0;
  bool eight_bit = false;
  bool require_tls = false;  // with REQUIRETLS: the session has what that demands
};

struct Transaction {
  std::optional<mail::Reply> mail;
  std::vector<std::optional<mail::Reply>> recipients;  // one for each of the offer
  std::optional<mail::Reply> data;                     // to DATA itself
  std::optional<mail::Reply> body;                     // to the content
  bool body_ended = false;                             // the final dot or BDAT LAST went out whole
  bool by_bdat = false;                                // the content went by BDAT
  bool body_failed = false;  // `error` is the body source's; the session was given up without a dot
  absl::Status error;        // why the conversation broke, if it did
  Stage stage = Stage::kMail;  // how far it came

  bool answered() const { return mail.has_value(); }

  // Recipients that the peer accepted before the content.
  std::size_t accepted() const;

  // The peer does not know the BDAT that it offered, or something between does not let it through:
  // the content is not what was refused.
  bool bdat_unknown() const;

  // The whole content went out and may be taken, but nobody told.
  bool ambiguous() const;
};

}  // namespace postern::smtp
