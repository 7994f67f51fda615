// common/connector/presets.h
//
// The presets of a Send connector's Usage: what a field that is left out means for each type.
//
// Flow      WithPresets(spec) before the rules are looked at and before the fields are typed.
// Failure   None: a word that is not known is left for Validate to refuse.
// See       docs/exchange.md "Types and the header firewall"

#pragma once

#include "postern/v1/resources.pb.h"

namespace postern::connector {

// The words that are left out, in every type: Usage Custom, ProtocolLoggingLevel None, and so on.
// Partner: RequireTLS, TlsAuthLevel DomainValidation. Internal: MaxMessageSize unlimited, and
// ExchangeServer for smart hosts. The permissions of the type.
v1::SendConnectorSpec WithPresets(const v1::SendConnectorSpec& spec);

}  // namespace postern::connector
