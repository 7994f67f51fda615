#include "common/mail/envelope.h"

#include "common/base/text.h"
#include "common/mail/address.h"
#include "common/mail/esmtp_params.h"

namespace postern::mail {

namespace {

template <typename... Parts>
absl::Status Wrong(const Parts&... parts) {
  return base::Error(absl::StatusCode::kInvalidArgument, parts...);
}

absl::Status CheckRecipient(const Recipient& recipient, bool smtputf8) {
  // RCPT TO:<Postmaster> is the one address without a domain (RFC 5321 §4.5.1).
  if (!base::EqualsIgnoreCase(recipient.address, "postmaster")) {
    if (const auto address = ParseMailbox(recipient.address, smtputf8); !address.ok()) {
      return base::Annotate(address.status(), "address");
    }
  }
  if (!IsNotify(recipient.notify)) {
    return Wrong("notify: ", unsigned{recipient.notify},
                 " must be NEVER (1) alone, or bits of SUCCESS (2), FAILURE (4) and DELAY (8)");
  }
  if (!recipient.orcpt.empty() && !IsOrcpt(recipient.orcpt, smtputf8)) {
    return Wrong("orcpt: \"", base::Printable(recipient.orcpt),
                 "\" must be a type, a semicolon and xtext, at most ", kOrcptBytesMax, " bytes");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckEnvelope(const Envelope& envelope) {
  if (!envelope.sender.empty()) {
    if (const auto sender = ParseMailbox(envelope.sender, envelope.smtputf8); !sender.ok()) {
      return base::Annotate(sender.status(), "sender");
    }
  }
  if (envelope.ret > Ret::kHeaders) {
    return Wrong("ret: ", unsigned(envelope.ret), " must be FULL (1), HDRS (2) or nothing (0)");
  }
  if (envelope.body > BodyType::k8BitMime) {
    return Wrong("body: ", unsigned(envelope.body), " must be 7BIT (0) or 8BITMIME (1)");
  }
  if (!envelope.envid.empty() && !IsEnvid(envelope.envid)) {
    return Wrong("envid: \"", base::Printable(envelope.envid),
                 "\" must be xtext of printable characters, at most ", kEnvidBytesMax, " bytes");
  }
  if (envelope.recipients.empty()) return Wrong("recipients: there must be at least one");
  for (std::size_t i = 0; i < envelope.recipients.size(); ++i) {
    const absl::Status status = CheckRecipient(envelope.recipients[i], envelope.smtputf8);
    if (!status.ok()) return base::Annotate(status, base::Cat("recipients[", i, "]"));
  }
  return absl::OkStatus();
}

}  // namespace postern::mail
