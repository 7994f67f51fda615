// common/tls/revocation_facts.h
//
// What is known of the revocation of a certificate.

#pragma once

#include <cstdint>
#include <string>

namespace postern::tls {

enum class RevocationState : std::uint8_t { kUnchecked, kGood, kUnknown, kRevoked };

struct RevocationFacts {
  RevocationState state = RevocationState::kUnchecked;
  std::string words;  // "good by the stapled response"; empty when it was not looked at
};

}  // namespace postern::tls
