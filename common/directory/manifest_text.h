// common/directory/manifest_text.h
//
// ManifestText: an object written as a manifest, so that reading it gives the same object again.
//
// Flow      ManifestText(object) -> a file -> ParseManifests.
// Limits    Fields of type string, bool, int32 and message, and lists of text and message.

#pragma once

#include <string>

#include "common/directory/manifest.h"

namespace postern::directory {

std::string ManifestText(const Manifest::Object& object);

}  // namespace postern::directory
