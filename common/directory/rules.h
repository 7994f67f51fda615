// common/directory/rules.h
//
// The rules and typed forms of Site, TransportServer and TransportConfig.
//
// Flow      Validate(object); when it finds nothing, SiteFrom, ServerFrom or ConfigFrom.
// Limits    1,000 front ends a site.

#pragma once

#include <vector>

#include "common/connector/validate.h"
#include "common/directory/snapshot.h"
#include "postern/v1/resources.pb.h"

namespace postern::directory {

inline constexpr int kFrontEndsMax = 1000;

using connector::Validate;
std::vector<connector::FieldError> Validate(const v1::Site& site);
std::vector<connector::FieldError> Validate(const v1::TransportServer& server);
std::vector<connector::FieldError> Validate(const v1::TransportConfig& config);

// Of objects that Validate accepts.
Site SiteFrom(const v1::Site& site);
TransportServer ServerFrom(const v1::TransportServer& server);
TransportConfig ConfigFrom(const v1::TransportConfig& config);

// All defaults explicit.
v1::Site ToResource(const Site& site);
v1::TransportServer ToResource(const TransportServer& server);
v1::TransportConfig ToResource(const TransportConfig& config);

}  // namespace postern::directory
