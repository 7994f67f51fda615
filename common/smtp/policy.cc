#include "common/smtp/policy.h"

namespace postern::smtp {

std::string_view NameOf(TlsAuthLevel level) {
  switch (level) {
    case TlsAuthLevel::kNone:
      return "None";
    case TlsAuthLevel::kEncryptionOnly:
      return "EncryptionOnly";
    case TlsAuthLevel::kCertificateValidation:
      return "CertificateValidation";
    case TlsAuthLevel::kDomainValidation:
      return "DomainValidation";
  }
  return "None";
}

std::string_view NameOf(SmartHostAuth auth) {
  switch (auth) {
    case SmartHostAuth::kNone:
      return "None";
    case SmartHostAuth::kBasicAuth:
      return "BasicAuth";
    case SmartHostAuth::kBasicAuthRequireTls:
      return "BasicAuthRequireTLS";
    case SmartHostAuth::kExchangeServer:
      return "ExchangeServer";
    case SmartHostAuth::kExternalAuthoritative:
      return "ExternalAuthoritative";
  }
  return "None";
}

std::string_view NameOf(Principal principal) {
  switch (principal) {
    case Principal::kAnonymous:
      return "AnonymousLogon";
    case Principal::kPartner:
      return "PartnerServers";
    case Principal::kExternallySecured:
      return "ExternallySecuredServers";
    case Principal::kExchange:
      return "ExchangeServers";
  }
  return "AnonymousLogon";
}

}  // namespace postern::smtp
