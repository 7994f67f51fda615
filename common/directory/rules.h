// common/directory/rules.h
//
// The rules and typed forms of Site, SiteLink, TransportServer, AcceptedDomain and TransportConfig.
//
// Flow      Validate(object); when it finds nothing, SiteFrom, LinkFrom, ...
// Limits    1,000 front ends a site, 1,000 sites a link, 10,000 domains in a list.

#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "common/connector/validate.h"
#include "common/directory/snapshot.h"
#include "postern/v1/resources.pb.h"

namespace postern::directory {

inline constexpr int kFrontEndsMax = 1000;
inline constexpr int kLinkSitesMax = 1000;
inline constexpr int kSecureDomainsMax = 10'000;
inline constexpr int kSiteLinkCostMax = 99'999;
inline constexpr std::uint64_t kLinkSizeLeast = 64 * 1024;
inline constexpr std::string_view kDomainTypeWords =
    "Authoritative, InternalRelay or ExternalRelay";

// "host:port"; an IPv6 address in brackets.
bool IsHostPort(std::string_view text);

using connector::Validate;
std::vector<connector::FieldError> Validate(const v1::Site& site);
std::vector<connector::FieldError> Validate(const v1::SiteLink& link);
std::vector<connector::FieldError> Validate(const v1::TransportServer& server);
std::vector<connector::FieldError> Validate(const v1::AcceptedDomain& domain);
std::vector<connector::FieldError> Validate(const v1::TransportConfig& config);

// Of objects that Validate accepts.
Site SiteFrom(const v1::Site& site);
SiteLink LinkFrom(const v1::SiteLink& link);
TransportServer ServerFrom(const v1::TransportServer& server);
AcceptedDomain DomainFrom(const v1::AcceptedDomain& domain);
TransportConfig ConfigFrom(const v1::TransportConfig& config);

// All defaults explicit.
v1::Site ToResource(const Site& site);
v1::SiteLink ToResource(const SiteLink& link);
v1::TransportServer ToResource(const TransportServer& server);
v1::AcceptedDomain ToResource(const AcceptedDomain& domain);
v1::TransportConfig ToResource(const TransportConfig& config);

}  // namespace postern::directory
