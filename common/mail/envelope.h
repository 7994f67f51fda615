// common/mail/envelope.h
//
// Envelope: who sends to whom, and what they asked of delivery.
//
// See       RFC 5321 §2.3.1; RFC 3461 §4; RFC 6152; RFC 6531; RFC 8689

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace postern::mail {

// RFC 3461 NOTIFY, as bits; 0 means that the sender said nothing.
enum Notify : std::uint8_t {
  kNotifyNever = 1,
  kNotifySuccess = 2,
  kNotifyFailure = 4,
  kNotifyDelay = 8,
};

enum class Ret : std::uint8_t { kUnspecified = 0, kFull = 1, kHeaders = 2 };
enum class BodyType : std::uint8_t { k7Bit = 0, k8BitMime = 1 };

struct Recipient {
  std::string address;      // local@domain as on the wire, without angle brackets
  std::uint8_t notify = 0;  // bits of Notify
  std::string orcpt;        // "rfc822;..." in xtext, as it was given

  bool operator==(const Recipient&) const = default;
};

struct Envelope {
  std::string sender;  // as on the wire, without angle brackets; empty is the null sender
  std::vector<Recipient> recipients;
  Ret ret = Ret::kUnspecified;
  std::string envid;  // xtext, as it was given
  BodyType body = BodyType::k7Bit;
  bool smtputf8 = false;
  bool require_tls = false;   // REQUIRETLS was given
  bool tls_optional = false;  // "TLS-Required: No" was there; never with require_tls

  bool operator==(const Envelope&) const = default;
};

// kInvalidArgument, naming field, value and rule, unless every address parses, notify bits are
// legal (NEVER alone), ORCPT and ENVID are well formed and within their lengths, there is a
// recipient, and SMTPUTF8 is asked for when an address needs it.
absl::Status CheckEnvelope(const Envelope& envelope);

}  // namespace postern::mail
