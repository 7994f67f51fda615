// common/connector/validate.h
//
// Validate: the rules of a Send connector, all checked at once, each finding naming field, value,
// rule.
//
// Flow      Validate(resource) is empty when the resource is good. Files, the API and the shell all
//           come through here.
// Limits    1000 address spaces, 50 smart hosts, 100 source servers; see the constants.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "postern/v1/resources.pb.h"

namespace postern::connector {

inline constexpr int kAddressSpacesMax = 1000;
inline constexpr int kSmartHostsMax = 50;
inline constexpr int kSourceServersMax = 100;
inline constexpr std::size_t kNameLengthMax = 64;
inline constexpr std::size_t kCommentBytesMax = 4096;

struct FieldError {
  std::string path;   // "spec.addressSpaces[1]", as it is written in a manifest
  std::string value;  // as given; empty when it is missing
  std::string rule;   // what must hold

  bool operator==(const FieldError&) const = default;

  // spec.port: "70000": a port is a number from 0 to 65535
  std::string ToString() const;
};

std::vector<FieldError> Validate(const v1::SendConnector& connector);

// What is allowed and most likely not meant: a sentence each. Of a connector without errors.
std::vector<std::string> WarningsFor(const v1::SendConnector& connector);

void AddError(std::vector<FieldError>& errors,
              std::string_view path,
              std::string_view value,
              std::string_view rule);

// How many characters valid UTF-8 holds; nullopt when it is not valid.
std::optional<std::size_t> CountCharacters(std::string_view text);

// Rules that every kind shares; each adds to `errors`.
void ValidateSlug(std::string_view path, std::string_view value, std::vector<FieldError>& errors);
void ValidateComment(std::string_view path,
                     std::string_view value,
                     std::vector<FieldError>& errors);

// Every finding, one a line.
std::string Join(const std::vector<FieldError>& errors);

}  // namespace postern::connector
