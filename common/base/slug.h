// common/base/slug.h
//
// Slugs: the names that objects of the directory may have (metadata.name).
//
// Limits    kSlugBytesMax bytes.
// See       the names of Kubernetes objects, RFC 1123 labels

#pragma once

#include <cstddef>
#include <string_view>

namespace postern::base {

inline constexpr std::size_t kSlugBytesMax = 63;
inline constexpr std::string_view kSlugRule =
    "a name is 1 to 63 lower-case letters, digits and \"-\", with no \"-\" at an end";

bool IsSlug(std::string_view text);

}  // namespace postern::base
