// common/mail/enhanced_status.h
//
// EnhancedStatus: the code that says what is the matter, and every one that we give ourselves.
//
// Flow      mail::transient::kBadConnection is 4.4.2. A constant has the name that the registry of
//           these codes has for it, in the namespace of its class.
// See       RFC 3463; RFC 5248

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postern::mail {

struct EnhancedStatus {
  std::uint16_t klass = 0;  // 2, 4 or 5; 0 is none
  std::uint16_t subject = 0;
  std::uint16_t detail = 0;

  bool operator==(const EnhancedStatus&) const = default;

  bool permanent() const { return klass == 5; }

  std::string ToString() const;

  // "5.1.1" at the start of `text`, followed by a space or the end.
  static std::optional<EnhancedStatus> Parse(std::string_view text);
};

namespace success {

inline constexpr EnhancedStatus kOtherUndefinedStatus{2, 0, 0};

}  // namespace success

// Another try may do.
namespace transient {

inline constexpr EnhancedStatus kOtherUndefinedStatus{4, 0, 0};
inline constexpr EnhancedStatus kOtherMailSystemStatus{4, 3, 0};
inline constexpr EnhancedStatus kMailSystemFull{4, 3, 1};
inline constexpr EnhancedStatus kSystemNotAcceptingNetworkMessages{4, 3, 2};
inline constexpr EnhancedStatus kSystemIncorrectlyConfigured{4, 3, 5};
inline constexpr EnhancedStatus kOtherNetworkStatus{4, 4, 0};
inline constexpr EnhancedStatus kNoAnswerFromHost{4, 4, 1};
inline constexpr EnhancedStatus kBadConnection{4, 4, 2};
inline constexpr EnhancedStatus kDirectoryServerFailure{4, 4, 3};
inline constexpr EnhancedStatus kUnableToRoute{4, 4, 4};
inline constexpr EnhancedStatus kDeliveryTimeExpired{4, 4, 7};
inline constexpr EnhancedStatus kTooManyRecipients{4, 5, 3};
inline constexpr EnhancedStatus kOtherSecurityStatus{4, 7, 0};
inline constexpr EnhancedStatus kDeliveryNotAuthorized{4, 7, 1};
inline constexpr EnhancedStatus kSecurityFeaturesNotSupported{4, 7, 4};
inline constexpr EnhancedStatus kCryptographicFailure{4, 7, 5};
inline constexpr EnhancedStatus kAuthenticationCredentialsInvalid{4, 7, 8};
inline constexpr EnhancedStatus kRequireTlsSupportRequired{4, 7, 30};

}  // namespace transient

// No other try will do.
namespace permanent {

inline constexpr EnhancedStatus kOtherUndefinedStatus{5, 0, 0};
inline constexpr EnhancedStatus kBadDestinationSystemAddress{5, 1, 2};
inline constexpr EnhancedStatus kBadDestinationMailboxAddressSyntax{5, 1, 3};
inline constexpr EnhancedStatus kRecipientAddressHasNullMx{5, 1, 10};
inline constexpr EnhancedStatus kSystemNotAcceptingNetworkMessages{5, 3, 2};
inline constexpr EnhancedStatus kMessageTooBigForSystem{5, 3, 4};
inline constexpr EnhancedStatus kSystemIncorrectlyConfigured{5, 3, 5};
inline constexpr EnhancedStatus kUnableToRoute{5, 4, 4};
inline constexpr EnhancedStatus kRoutingLoopDetected{5, 4, 6};
inline constexpr EnhancedStatus kDeliveryTimeExpired{5, 4, 7};
inline constexpr EnhancedStatus kOtherMediaError{5, 6, 0};
inline constexpr EnhancedStatus kConversionRequiredButNotSupported{5, 6, 3};
inline constexpr EnhancedStatus kNonAsciiAddressesNotPermitted{5, 6, 7};
inline constexpr EnhancedStatus kUtf8HeaderMessageCannotBeTransferred{5, 6, 9};
inline constexpr EnhancedStatus kOtherSecurityStatus{5, 7, 0};
inline constexpr EnhancedStatus kAuthenticationMechanismTooWeak{5, 7, 9};
inline constexpr EnhancedStatus kRequireTlsSupportRequired{5, 7, 30};

}  // namespace permanent

}  // namespace postern::mail
