// common/connector/parameters.h
//
// Parameters: the parameters of Exchange's cmdlets and what they are here, each declared once: the
// shell, the import and docs/generated/send-connector.md come from these tables.
//
// Flow      SendConnectorParameters(), or FindParameter in a table, without regard to case.
// Limits    Tables of constants, in the order of their names.

#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace postern::connector {

struct Parameter {
  // How its value is written.
  enum class Form : std::uint8_t {
    kText,
    kFlag,  // $true, $false
    kNumber,
    kSize,    // 25MB, unlimited
    kSpan,    // 00:10:00
    kList,    // a,b
    kWord,    // one of `values`
    kWords,   // some of `values`
    kSecret,  // the name of a secret
    kSwitch,  // no value
  };

  enum class Standing : std::uint8_t {
    kField,    // a field of the spec
    kNew,      // a field that only New- takes
    kUsage,    // a switch that stands for a Usage
    kIgnored,  // taken with a warning
    kRefused,  // refused with the reason
  };

  std::string_view name;   // Exchange's
  std::string_view field;  // of the spec, in lowerCamelCase; empty: none
  Form form = Form::kText;
  Standing standing = Standing::kField;
  std::string_view values;    // what it may be
  std::string_view fallback;  // without it
  std::string_view effect;    // what it does, or why it is not taken
};

std::span<const Parameter> SendConnectorParameters();

// By its whole name, without regard to case; null when there is none.
const Parameter* FindParameter(std::span<const Parameter> table, std::string_view name);

}  // namespace postern::connector
