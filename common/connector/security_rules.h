// common/connector/security_rules.h
//
// The rules of a Send connector's TLS, authentication and permissions; a part of Validate.
//
// Flow      CheckSecurity(spec with its presets, errors); CheckRefused(spec, errors).
// See       common/connector/validate.h

#pragma once

#include <vector>

#include "common/connector/validate.h"

namespace postern::connector {

void CheckSecurity(const v1::SendConnectorSpec& spec, std::vector<FieldError>& errors);

// Parameters of Exchange that have no place here, each with the reason and the replacement.
void CheckRefused(const v1::SendConnectorSpec& spec, std::vector<FieldError>& errors);

}  // namespace postern::connector
