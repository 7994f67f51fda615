// common/smtp/security.h
//
// What a delivery demands of a host before it gets the mail, and what we show the host. Pure.
//
// Flow      SecurityFor a host, DemandRequireTls on top of it; CertificateFor the delivery; after
//           the hello, PrincipalOf.
// Failure   CertificateFor: kNotFound with the sentence that an administrator reads in LastError.
// See       docs/generated/tls-states.md; RFC 8689 §4.2.1; the table stands on top of security.cc

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/smtp/outcome.h"
#include "common/smtp/policy.h"
#include "common/tls/certificate_store.h"
#include "common/tls/context.h"

namespace postern::smtp {

enum class TlsUse : std::uint8_t { kNever, kOpportunistic, kRequired };

struct Security {
  TlsUse tls = TlsUse::kOpportunistic;
  bool at_once = false;  // kRequired, and from the first byte: the port is one of TLS alone
  tls::Demand demand;
};

// `smart_host` is the host as the connector names it; empty for one that the MX records name.
Security SecurityFor(const ConnectorPolicy& policy,
                     const Route& route,
                     std::string_view smart_host);

// What REQUIRETLS asks for beside that, of the host of this name: an exchanger's, or a smart host's
// as the connector has it.
void DemandRequireTls(std::string_view host, Security& security);

// The certificate to show: by TlsCertificateName, or by the name that we go by; null when there is
// none and none is needed. `store` may be null, which is an empty one.
absl::StatusOr<tls::CertificatePtr> CertificateFor(const ConnectorPolicy& policy,
                                                   std::string_view own_name,
                                                   const tls::CertificateStore* store,
                                                   absl::Time now);

// What the remote has proved with a session that came about under this policy.
Principal PrincipalOf(const ConnectorPolicy& policy, const std::optional<TlsFacts>& tls);

}  // namespace postern::smtp
