// common/directory/slug.h
//
// Slugs: the metadata.name that is made of an Exchange name.
//
// Flow      SlugFor(name, taken).
// Limits    At most 63 lower-case letters, digits and hyphens, with no hyphen at an end.
// See       ValidateSlug in common/connector/validate.h

#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace postern::directory {

// "Internet Mail (new)" is "internet-mail-new". Where that is taken, or no letter or digit is left,
// a hash of the name follows or stands alone: the same name always gives the same slug.
std::string SlugFor(std::string_view name, const std::function<bool(const std::string&)>& taken);

}  // namespace postern::directory
