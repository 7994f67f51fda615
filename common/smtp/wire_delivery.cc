#include <utility>

#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "common/mail/address.h"
#include "common/mail/esmtp_params.h"
#include "common/mail/xtext.h"
#include "common/smtp/wire.h"
#include "common/smtp/wire_check.h"

namespace postern::smtp {

namespace {

constexpr absl::Duration kDeadlineMax = absl::Hours(24);

absl::Status CheckMailbox(std::string_view field, const std::string& address, bool utf8) {
  if (base::EqualsIgnoreCase(address, "postmaster")) return absl::OkStatus();
  return base::Annotate(mail::ParseMailbox(address, utf8).status(), field);
}

absl::StatusOr<mail::Recipient> RecipientFromWire(const v1::Recipient& wire, bool utf8) {
  POSTERN_RETURN_IF_ERROR(CheckMailbox("recipients.address", wire.address(), utf8));
  if (!mail::IsNotify(wire.notify())) {
    return Wrong("recipients.notify", base::Cat(wire.notify(), " is not a set of NOTIFY values"));
  }
  if (wire.orcpt().size() > mail::kOrcptBytesMax ||
      (!wire.orcpt().empty() && !mail::IsOrcpt(wire.orcpt(), utf8))) {
    return Wrong("recipients.orcpt", "must be type;xtext");
  }
  mail::Recipient recipient;
  recipient.address = wire.address();
  recipient.notify = static_cast<std::uint8_t>(wire.notify());
  recipient.orcpt = wire.orcpt();
  return recipient;
}

}  // namespace

void ToWire(const mail::Envelope& envelope, v1::Envelope& wire) {
  wire.set_sender(envelope.sender);
  for (const mail::Recipient& recipient : envelope.recipients) {
    v1::Recipient& to = *wire.add_recipients();
    to.set_address(recipient.address);
    to.set_notify(recipient.notify);
    to.set_orcpt(recipient.orcpt);
  }
  wire.set_ret(static_cast<v1::Ret>(envelope.ret));
  wire.set_envid(envelope.envid);
  wire.set_body(static_cast<v1::BodyType>(envelope.body));
  wire.set_smtputf8(envelope.smtputf8);
  wire.set_require_tls(envelope.require_tls);
  wire.set_tls_optional(envelope.tls_optional);
}

absl::StatusOr<mail::Envelope> EnvelopeFromWire(const v1::Envelope& wire) {
  const auto count = static_cast<std::size_t>(wire.recipients_size());
  if (count == 0 || count > kWireRecipientsMax) {
    return Wrong("recipients", base::Cat("must be 1 to ", kWireRecipientsMax, ", are ", count));
  }
  if (!v1::Ret_IsValid(wire.ret())) return Wrong("ret", "is not known");
  if (!v1::BodyType_IsValid(wire.body())) return Wrong("body", "is not known");
  if (wire.envid().size() > mail::kEnvidBytesMax || !mail::IsXtext(wire.envid())) {
    return Wrong("envid", base::Cat("must be xtext of at most ", mail::kEnvidBytesMax, " bytes"));
  }
  if (!wire.sender().empty()) {
    POSTERN_RETURN_IF_ERROR(CheckMailbox("sender", wire.sender(), wire.smtputf8()));
  }
  mail::Envelope envelope;
  envelope.sender = wire.sender();
  envelope.ret = static_cast<mail::Ret>(wire.ret());
  envelope.envid = wire.envid();
  envelope.body = static_cast<mail::BodyType>(wire.body());
  envelope.smtputf8 = wire.smtputf8();
  envelope.require_tls = wire.require_tls();
  envelope.tls_optional = wire.tls_optional() && !wire.require_tls();
  envelope.recipients.reserve(count);
  for (const v1::Recipient& from : wire.recipients()) {
    POSTERN_ASSIGN_OR_RETURN(mail::Recipient recipient, RecipientFromWire(from, wire.smtputf8()));
    envelope.recipients.push_back(std::move(recipient));
  }
  return envelope;
}

void ToWire(const Delivery& delivery, v1::Offer& wire) {
  ToWire(delivery.route, *wire.mutable_route());
  ToWire(delivery.policy, *wire.mutable_policy());
  ToWire(delivery.envelope, *wire.mutable_envelope());
  wire.set_size(delivery.size);
  wire.set_eight_bit(delivery.eight_bit);
  if (delivery.sts.has_value()) ToWire(*delivery.sts, *wire.mutable_sts());
  if (delivery.admits) wire.set_mx_set(delivery.mx_set);
  wire.set_deadline_ms(Milliseconds(delivery.deadline));
}

absl::StatusOr<Delivery> DeliveryFromWire(const v1::Offer& wire) {
  Delivery delivery;
  POSTERN_ASSIGN_OR_RETURN(delivery.route, RouteFromWire(wire.route()));
  POSTERN_ASSIGN_OR_RETURN(delivery.policy, PolicyFromWire(wire.policy()));
  if (delivery.policy.auth != SmartHostAuth::kNone && delivery.route.dns_routing) {
    return Wrong("policy.auth", "needs smart hosts");
  }
  POSTERN_ASSIGN_OR_RETURN(delivery.envelope, EnvelopeFromWire(wire.envelope()));
  if (wire.has_sts()) {
    POSTERN_ASSIGN_OR_RETURN(delivery.sts, StsFromWire(wire.sts()));
  }
  delivery.size = wire.size();
  delivery.eight_bit = wire.eight_bit();
  delivery.deadline = absl::Milliseconds(wire.deadline_ms());
  if (wire.deadline_ms() == 0 || delivery.deadline > kDeadlineMax) {
    return Wrong("deadline_ms", "must be more than 0 and at most a day");
  }
  return delivery;
}

}  // namespace postern::smtp
