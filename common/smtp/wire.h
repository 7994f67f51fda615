// common/smtp/wire.h
//
// The proxy protocol's form of envelopes, routes, policies and outcomes.
//
// Flow      ToWire fills a message; EnvelopeFromWire and its like read one and check it.
// Failure   kInvalidArgument naming field, value and rule. Nothing that could break a command line
//           (CR, LF, NUL, controls) passes.
// Limits    kWireRecipientsMax, kWireHostsMax, kWireReplyLinesMax, kWireTextBytesMax,
//           kWireTlsaMax.
// See       proto/postern/v1/mail.proto, proto/postern/v1/proxy.proto

#pragma once

#include <cstddef>

#include "absl/status/statusor.h"

#include "common/mail/envelope.h"
#include "common/smtp/engine.h"
#include "common/smtp/outcome.h"
#include "common/smtp/sts.h"
#include "postern/v1/mail.pb.h"
#include "postern/v1/proxy.pb.h"

namespace postern::smtp {

inline constexpr std::size_t kWireRecipientsMax = 10'000;
inline constexpr std::size_t kWireHostsMax = 256;
inline constexpr std::size_t kWireReplyLinesMax = 1024;
inline constexpr std::size_t kWireTextBytesMax = 4096;
inline constexpr std::size_t kWireTlsaMax = 16;  // records of a host that are told, each cut

void ToWire(const mail::Envelope& envelope, v1::Envelope& wire);
absl::StatusOr<mail::Envelope> EnvelopeFromWire(const v1::Envelope& wire);

void ToWire(const mail::Reply& reply, v1::Reply& wire);
absl::StatusOr<mail::Reply> ReplyFromWire(const v1::Reply& wire);

void ToWire(const Outcome& outcome, v1::Outcome& wire);
// `recipients` is how many results there must be.
absl::StatusOr<Outcome> OutcomeFromWire(const v1::Outcome& wire, std::size_t recipients);

void ToWire(const KnownSts& known, v1::StsPolicy& wire);
absl::StatusOr<KnownSts> StsFromWire(const v1::StsPolicy& wire);

void ToWire(const Route& route, v1::ProxyRoute& wire);
absl::StatusOr<Route> RouteFromWire(const v1::ProxyRoute& wire);

void ToWire(const ConnectorPolicy& policy, v1::ConnectorPolicy& wire);
absl::StatusOr<ConnectorPolicy> PolicyFromWire(const v1::ConnectorPolicy& wire);

// Everything of an Offer but its number and its body. Whom to ask, if Delivery::admits is there, is
// for the reader to say.
void ToWire(const Delivery& delivery, v1::Offer& wire);
absl::StatusOr<Delivery> DeliveryFromWire(const v1::Offer& wire);

}  // namespace postern::smtp
