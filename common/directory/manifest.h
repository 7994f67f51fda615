// common/directory/manifest.h
//
// Manifest: one object of a YAML file, as its protobuf resource, with the line of every field.
//
// Flow      ParseManifests(file, text, errors) -> BuildSnapshot (common/directory/build.h).
// Failure   Every finding of the text goes to `errors`, with file and line; the good objects are
//           returned. Unknown fields, wrong types, repeated keys, aliases and tags are findings.
// Limits    1 MiB a file, 10,000 objects a file, nesting of 32.
// See       proto/postern/v1/resources.proto; apiVersion is postern.dev/v1

#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/directory/yaml_tree.h"
#include "postern/v1/resources.pb.h"

namespace postern::directory {

inline constexpr std::size_t kManifestBytesMax = 1024 * 1024;
inline constexpr std::size_t kManifestObjectsMax = 10'000;

struct ManifestError {
  std::string file;
  int line = 0;  // 1-based; 0 is the file as a whole
  std::string text;

  // file.yaml:12: spec.addressSpaces[0]: "*contoso.com": ...
  std::string ToString() const;
};

// One a line, the first hundred of them; then how many more there are.
std::string TextOf(std::span<const ManifestError> errors);

struct Manifest {
  using Object = std::variant<v1::SendConnector,
                              v1::Site,
                              v1::SiteLink,
                              v1::TransportServer,
                              v1::AcceptedDomain,
                              v1::TransportConfig>;

  Object object;
  std::string file;
  int line = 0;
  std::map<std::string, int> lines;  // by path: "spec.addressSpaces[1]"

  // The line of the field, or of the nearest field around it.
  int LineOf(std::string_view path) const;
};

// "file.yaml:12", or the file alone where there are no lines.
std::string Place(std::string_view file, int line);

// An empty object of a kind, as it is spelled in a manifest; nullopt for any other word.
std::optional<Manifest::Object> MakeObject(std::string_view kind);

// Of one object that somebody else has parsed; nullopt when there are findings.
std::optional<Manifest> DecodeManifest(const YamlNode& document,
                                       std::string_view file,
                                       std::vector<ManifestError>& errors);

std::vector<Manifest> ParseManifests(std::string_view file,
                                     std::string_view text,
                                     std::vector<ManifestError>& errors,
                                     std::size_t bytes_max = kManifestBytesMax);

}  // namespace postern::directory
