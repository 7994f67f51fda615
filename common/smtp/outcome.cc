#include "common/smtp/outcome.h"

#include "common/base/text.h"

namespace postern::smtp {

std::string_view NameOf(Origin origin) {
  switch (origin) {
    case Origin::kNone:
      return "none";
    case Origin::kRemote:
      return "remote";
    case Origin::kDns:
      return "dns";
    case Origin::kConnect:
      return "connect";
    case Origin::kTlsPolicy:
      return "tls-policy";
    case Origin::kFrontEnd:
      return "front-end";
    case Origin::kLocal:
      return "local";
  }
  return "none";
}

std::string_view NameOf(Stage stage) {
  switch (stage) {
    case Stage::kLookup:
      return "lookup";
    case Stage::kConnect:
      return "connect";
    case Stage::kGreeting:
      return "greeting";
    case Stage::kHello:
      return "hello";
    case Stage::kTls:
      return "tls";
    case Stage::kAuth:
      return "auth";
    case Stage::kMail:
      return "mail";
    case Stage::kRecipient:
      return "rcpt";
    case Stage::kData:
      return "data";
    case Stage::kBody:
      return "body";
  }
  return "lookup";
}

std::string_view NameOf(PolicySource source) {
  switch (source) {
    case PolicySource::kConnector:
      return "connector";
    case PolicySource::kSts:
      return "MTA-STS";
    case PolicySource::kDane:
      return "DANE";
  }
  return "connector";
}

std::string_view NameOf(ResultClass result) {
  switch (result) {
    case ResultClass::kDelivered:
      return "delivered";
    case ResultClass::kDeferred:
      return "deferred";
    case ResultClass::kRefused:
      return "refused";
    case ResultClass::kFailed:
      return "failed";
  }
  return "failed";
}

ResultClass RecipientResult::Class() const {
  if (!reply) return ResultClass::kFailed;
  if (reply->positive()) return ResultClass::kDelivered;
  return reply->permanent() ? ResultClass::kRefused : ResultClass::kDeferred;
}

std::string RecipientResult::Said() const {
  return reply.has_value() ? reply->ToString() : std::string(base::MessageOf(error));
}

Outcome Outcome::Failed(std::size_t recipients,
                        Origin origin,
                        absl::Status error,
                        mail::EnhancedStatus enhanced) {
  Outcome outcome;
  RecipientResult result;
  result.origin = origin;
  result.error = std::move(error);
  result.enhanced = enhanced;
  outcome.recipients.assign(recipients, result);
  return outcome;
}

}  // namespace postern::smtp
