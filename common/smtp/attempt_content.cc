// What goes to a peer, and what cannot. For each recipient, first rule that fits:
//
//   larger than the peer's SIZE, as it would go out                 5.3.4
//   the envelope has SMTPUTF8, the peer has not
//     sender or recipient not ASCII, even with A-labels             5.6.7
//     8-bit bytes in the header                                     5.6.9
//   the content is 8-bit, the peer has no 8BITMIME, and there is
//     no conversion (setting, signature, size, broken MIME)         5.6.3
//
// After a HELO that stands in for an EHLO on which the connection was lost nothing is known of the
// peer: then they all wait, or the next host gets them.
//
// A message that needs SMTPUTF8 for its domains alone goes with A-labels; nothing else of it is
// changed for the lack of SMTPUTF8 (RFC 6531 §3.2). To a peer that has it the envelope goes as it
// came.
#include <utility>

#include "common/base/text.h"
#include "common/mail/address.h"
#include "common/mail/enhanced_status.h"
#include "common/mail/utf8.h"
#include "common/smtp/attempt.h"

namespace postern::smtp {

namespace {

template <typename... Parts>
absl::Status Unfit(const Parts&... parts) {
  return base::Error(absl::StatusCode::kFailedPrecondition, parts...);
}

// As it was where there is no such form.
void ToALabels(std::string& address) {
  absl::StatusOr<std::string> plain = mail::AsciiMailbox(address);
  if (plain.ok()) address = *std::move(plain);
}

}  // namespace

io::Task<bool> Attempt::Suit(const Session& session) {
  const ConnectorPolicy& policy = delivery_.policy;
  const mail::FirewallRules rules = policy.FirewallFor(PrincipalOf(policy, session.tls()));
  absl::Status content = co_await content_.Obey(rules);
  if (content.ok()) content = co_await SuitContent(session.capabilities());
  SuitEnvelope(session.capabilities());
  if (content.ok()) co_return true;
  for (const std::size_t i : std::vector<std::size_t>(pending_))
    Decide(i, Origin::kLocal, content, mail::transient::kOtherMailSystemStatus);
  co_return false;
}

// The conversion comes behind the firewall: a field that is taken off needs none.
io::Task<absl::Status> Attempt::SuitContent(const Capabilities& peer) {
  header_needs_utf8_ = false;
  content_.AsItIs();
  if (!delivery_.eight_bit) co_return absl::OkStatus();
  if (delivery_.envelope.smtputf8 && !peer.smtputf8) {
    const absl::StatusOr<bool> ascii = co_await content_.HeaderIsAscii();
    if (!ascii.ok()) co_return ascii.status();
    header_needs_utf8_ = !*ascii;
  }
  if (peer.eight_bit_mime || header_needs_utf8_ || !parts_.parts.limits.convert_8bit) {
    co_return absl::OkStatus();
  }
  co_return co_await content_.ToSevenBit();
}

void Attempt::SuitEnvelope(const Capabilities& peer) {
  plain_.reset();
  if (!delivery_.envelope.smtputf8 || peer.smtputf8) return;
  plain_ = delivery_.envelope;
  plain_->smtputf8 = false;
  ToALabels(plain_->sender);
  for (mail::Recipient& recipient : plain_->recipients)
    ToALabels(recipient.address);
}

std::optional<Attempt::Misfit> Attempt::MisfitOf(std::size_t index,
                                                 const Capabilities& peer) const {
  if (peer.size_max != 0 && content_.size() > peer.size_max) {
    return Misfit{
        Unfit("the message has ", content_.size(), " bytes, the peer takes ", peer.size_max),
        mail::permanent::kMessageTooBigForSystem};
  }
  const bool sender_needs_utf8 = plain_ && !mail::IsAscii(plain_->sender);
  if (sender_needs_utf8 || (plain_ && !mail::IsAscii(plain_->recipients[index].address))) {
    return Misfit{Unfit("the address of the ", sender_needs_utf8 ? "sender" : "recipient",
                        " needs smtputf8, the peer lacks it"),
                  mail::permanent::kNonAsciiAddressesNotPermitted};
  }
  if (plain_ && header_needs_utf8_) {
    return Misfit{Unfit("the header is not ascii and needs smtputf8, the peer lacks it"),
                  mail::permanent::kUtf8HeaderMessageCannotBeTransferred};
  }
  if (delivery_.eight_bit && !peer.eight_bit_mime && !content_.converted()) {
    const absl::Status refusal = content_.seven_bit_refusal();
    return Misfit{Unfit("the content is 8-bit, the peer lacks 8bitmime",
                        refusal.ok() ? "" : ", and ", base::MessageOf(refusal)),
                  mail::permanent::kConversionRequiredButNotSupported};
  }
  return std::nullopt;
}

bool Attempt::DecideLocally(const PooledSession& pooled) {
  const Capabilities& peer = pooled.session->capabilities();
  for (std::size_t place = 0; place < pending_.size();) {
    const std::size_t i = pending_[place];
    std::optional<Misfit> misfit = MisfitOf(i, peer);
    if (!misfit.has_value()) {
      ++place;
      continue;
    }
    if (pooled.helo_instead) {
      Tried().error =
          base::Annotate(misfit->why, "the connection was lost at ehlo, and after helo");
      NoteLeft(Origin::kConnect, base::Annotate(Tried().error, Tried().host),
               mail::transient::kBadConnection);
      return false;
    }
    // Takes it off the list.
    Decide(i, Origin::kLocal, std::move(misfit->why), misfit->enhanced);
  }
  return true;
}

}  // namespace postern::smtp
