#include "services/mailbox-transport/admin/submission_check.h"

#include <algorithm>
#include <unordered_set>

#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "common/smtp/wire.h"

namespace postern::admin {

namespace {

template <typename... Parts>
absl::Status Invalid(const Parts&... parts) {
  return base::Error(absl::StatusCode::kInvalidArgument, parts...);
}

void DropRepeats(std::vector<mail::Recipient>& recipients) {
  std::unordered_set<std::string> seen;
  std::erase_if(recipients, [&](const mail::Recipient& recipient) {
    return !seen.insert(recipient.address).second;
  });
}

absl::Status CheckDomains(const mail::Envelope& envelope) {
  for (std::size_t i = 0; i < envelope.recipients.size(); ++i) {
    const std::string& address = envelope.recipients[i].address;
    if (address.find('@') != std::string::npos) continue;
    return Invalid("recipients[", i, "].address: \"", base::Printable(address),
                   "\": there are no mailboxes here, the address needs a domain");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<mail::Envelope> EnvelopeOf(const v1::SubmitRequest& first,
                                          std::uint64_t recipients_max) {
  if (!first.has_envelope()) {
    return Invalid("envelope: the first message of the stream must be the envelope");
  }
  const v1::Envelope& wire = first.envelope().envelope();
  const auto count = static_cast<std::uint64_t>(wire.recipients_size());
  if (count > recipients_max) {
    return Invalid("envelope: recipients: ", count, ": at most ", recipients_max,
                   " (maxRecipientEnvelopeLimit); submit the message in parts");
  }
  auto envelope = smtp::EnvelopeFromWire(wire);
  if (!envelope.ok()) return base::Annotate(envelope.status(), "envelope");
  absl::Status checked = mail::CheckEnvelope(*envelope);
  if (checked.ok()) checked = CheckDomains(*envelope);
  if (!checked.ok()) return base::Annotate(checked, "envelope");
  DropRepeats(envelope->recipients);
  return envelope;
}

absl::Status CheckIdempotencyKey(std::string_view key) {
  if (key.size() > kIdempotencyKeyBytesMax) {
    return Invalid("idempotency_key: ", key.size(), " bytes: at most ", kIdempotencyKeyBytesMax);
  }
  const bool printable =
      std::all_of(key.begin(), key.end(), [](char c) { return c >= ' ' && c <= '~'; });
  if (printable) return absl::OkStatus();
  return Invalid("idempotency_key: \"", base::Printable(key), "\": printable ASCII only");
}

absl::Status CheckContent(const v1::SubmitRequest& frame) {
  switch (frame.part_case()) {
    case v1::SubmitRequest::kContent:
      break;
    case v1::SubmitRequest::kEnvelope:
      return Invalid("envelope: only the first message of the stream is one");
    case v1::SubmitRequest::PART_NOT_SET:
      return Invalid("content: every message after the first carries content");
  }
  if (frame.content().size() <= kContentBytesMax) return absl::OkStatus();
  return Invalid("content: ", frame.content().size(), " bytes: at most ", kContentBytesMax,
                 " in one message of the stream");
}

std::string AddressOfPeer(std::string_view peer) {
  if (peer.starts_with("ipv4:")) {
    peer.remove_prefix(5);
    return std::string(peer.substr(0, peer.rfind(':')));
  }
  if (!peer.starts_with("ipv6:")) return "";
  peer.remove_prefix(5);
  for (const std::string_view open : {"%5B", "["}) {
    if (peer.starts_with(open)) peer.remove_prefix(open.size());
  }
  return std::string(peer.substr(0, peer.find_first_of("]%")));
}

}  // namespace postern::admin
