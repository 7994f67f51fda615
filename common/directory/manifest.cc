#include "common/directory/manifest.h"

#include <algorithm>

#include "common/base/text.h"
#include "common/connector/send_connector.h"
#include "common/directory/decode.h"
#include "common/directory/yaml_tree.h"

namespace postern::directory {

namespace {

// The text of a field at the top of a document, with its line; empty when it is not there.
struct TopField {
  std::string text;
  int line = 0;
};

TopField FindTop(const YamlNode& document, std::string_view name) {
  if (document.kind != YamlNode::Kind::kMap) return {};
  for (std::size_t i = 0; i + 1 < document.children.size(); i += 2) {
    const YamlNode& value = document.children[i + 1];
    if (document.children[i].text != name) continue;
    if (value.kind == YamlNode::Kind::kText) return {value.text, value.line};
  }
  return {};
}

class FileParser {
 public:
  FileParser(std::string_view file, std::vector<ManifestError>& errors)
      : file_(file), errors_(errors) {}

  void Parse(const YamlNode& document) {
    if (document.kind != YamlNode::Kind::kMap) {
      return Fail(document.line, "an object with apiVersion, kind, metadata and spec is expected");
    }
    const TopField version = FindTop(document, "apiVersion");
    const TopField kind = FindTop(document, "kind");
    if (version.text != connector::kApiVersion) {
      Fail(version.line ? version.line : document.line,
           base::Cat("apiVersion: ", Quoted(version.text), "must be ", connector::kApiVersion));
    }
    auto object = MakeObject(kind.text);
    if (!object) {
      return Fail(kind.line ? kind.line : document.line,
                  base::Cat("kind: ", Quoted(kind.text),
                            "must be SendConnector, Site, SiteLink, TransportServer, "
                            "AcceptedDomain or TransportConfig"));
    }
    Decode(document, *std::move(object));
  }

  void Fail(int line, std::string text) { errors_.push_back({file_, line, std::move(text)}); }

  std::vector<Manifest> manifests;

 private:
  static std::string Quoted(std::string_view value) {
    return value.empty() ? "" : base::Cat("\"", base::Printable(value), "\": ");
  }

  void Decode(const YamlNode& document, Manifest::Object object) {
    Decoded decoded;
    std::visit([&](auto& message) { DecodeInto(document, message, "", decoded); }, object);
    for (Finding& finding : decoded.findings)
      Fail(finding.line, std::move(finding.text));
    if (!decoded.findings.empty()) return;
    Manifest manifest;
    manifest.object = std::move(object);
    manifest.file = file_;
    manifest.line = document.line;
    manifest.lines = std::move(decoded.lines);
    manifests.push_back(std::move(manifest));
  }

  const std::string file_;
  std::vector<ManifestError>& errors_;
};

}  // namespace

std::optional<Manifest::Object> MakeObject(std::string_view kind) {
  if (kind == "SendConnector") return v1::SendConnector();
  if (kind == "Site") return v1::Site();
  if (kind == "SiteLink") return v1::SiteLink();
  if (kind == "AcceptedDomain") return v1::AcceptedDomain();
  if (kind == "TransportServer") return v1::TransportServer();
  if (kind == "TransportConfig") return v1::TransportConfig();
  return std::nullopt;
}

std::string Place(std::string_view file, int line) {
  return line == 0 ? std::string(file) : base::Cat(file, ":", line);
}

std::string ManifestError::ToString() const {
  return base::Cat(Place(file, line), ": ", text);
}

std::string TextOf(std::span<const ManifestError> errors) {
  constexpr std::size_t kErrorsShownMax = 100;
  std::vector<std::string> lines;
  for (const ManifestError& error : errors.first(std::min(errors.size(), kErrorsShownMax)))
    lines.push_back(error.ToString());
  if (errors.size() > kErrorsShownMax) {
    lines.push_back(base::Cat("and ", errors.size() - kErrorsShownMax, " more"));
  }
  return base::Join(lines, "\n");
}

int Manifest::LineOf(std::string_view path) const {
  for (std::string_view at = path; !at.empty();) {
    if (const auto found = lines.find(std::string(at)); found != lines.end()) return found->second;
    const auto cut = at.find_last_of(".[");
    at = cut == std::string_view::npos ? std::string_view() : at.substr(0, cut);
  }
  return line;
}

std::optional<Manifest> DecodeManifest(const YamlNode& document,
                                       std::string_view file,
                                       std::vector<ManifestError>& errors) {
  FileParser parser(file, errors);
  parser.Parse(document);
  if (parser.manifests.empty()) return std::nullopt;
  return std::move(parser.manifests.front());
}

std::vector<Manifest> ParseManifests(std::string_view file,
                                     std::string_view text,
                                     std::vector<ManifestError>& errors,
                                     std::size_t bytes_max) {
  YamlLimits limits;
  limits.bytes_max = bytes_max;
  limits.nodes_max = bytes_max / 8;
  const YamlTree tree = ParseYaml(text, limits);
  FileParser parser(file, errors);
  if (tree.documents.size() > kManifestObjectsMax && bytes_max <= kManifestBytesMax) {
    parser.Fail(0, base::Cat("holds more than ", kManifestObjectsMax, " objects"));
    return {};
  }
  for (const YamlNode& document : tree.documents)
    parser.Parse(document);
  if (!tree.status.ok()) parser.Fail(tree.line, std::string(base::MessageOf(tree.status)));
  return std::move(parser.manifests);
}

}  // namespace postern::directory
