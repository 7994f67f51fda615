// cli/import_text.h
//
// The bytes of an exported file as UTF-8: PowerShell writes UTF-16 with ">", and UTF-8 with or
// without a byte order mark.
//
// Failure   kInvalidArgument: it is neither, with the way to export it so that it is.
// Limits    kImportBytesMax bytes.
// See       RFC 3629, RFC 2781

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace postern::cli {

inline constexpr std::size_t kImportBytesMax = 32 * 1024 * 1024;

// Without its byte order mark.
absl::StatusOr<std::string> Utf8From(std::string_view bytes);

}  // namespace postern::cli
