#include "common/directory/build.h"

#include <map>
#include <set>

#include "common/base/check.h"
#include "common/base/text.h"
#include "common/directory/rules.h"

namespace postern::directory {

namespace {

using connector::FieldError;

// Gathers the objects of all manifests, then looks at what one says of another.
class Builder {
 public:
  explicit Builder(std::vector<ManifestError>& errors) : errors_(errors) {}

  void Add(const Manifest& manifest) {
    std::visit([&](const auto& object) { AddObject(manifest, object); }, manifest.object);
  }

  void CheckReferences(const std::vector<Manifest>& manifests) {
    for (const Manifest& manifest : manifests)
      CheckReferencesOf(manifest);
  }

  SnapshotPtr Finish(bool stale) {
    if (!errors_.empty()) return nullptr;
    parts_.stale = stale;
    return MakeSnapshot(std::move(parts_));
  }

 private:
  void Fail(const Manifest& manifest, const FieldError& error) {
    errors_.push_back({manifest.file, manifest.LineOf(error.path), error.ToString()});
  }

  // Checks the object itself and that its name is new; true when it can be used.
  template <typename Object>
  bool Check(const Manifest& manifest, const Object& object) {
    const auto findings = Validate(object);
    for (const FieldError& finding : findings)
      Fail(manifest, finding);
    const std::string kind = Object::descriptor()->name();
    return findings.empty() &
           Unique(manifest, "metadata.name", object.metadata().name(), kind, base::Cat(kind, "/"));
  }

  bool Unique(const Manifest& manifest,
              std::string_view path,
              const std::string& name,
              std::string_view kind,
              std::string_view space) {
    if (name.empty()) return false;  // already a finding
    const auto [first, added] = seen_.emplace(base::Cat(space, base::LowerAscii(name)), &manifest);
    if (added) return true;
    Fail(manifest, {std::string(path), name,
                    base::Cat("one ", kind, " of this name is already in ", first->second->file,
                              ":", first->second->LineOf(path))});
    return false;
  }

  void AddObject(const Manifest& manifest, const v1::SendConnector& object) {
    const bool good = Check(manifest, object);
    const bool unique =
        Unique(manifest, "spec.name", object.spec().name(), "SendConnector", "name/");
    if (!good || !unique) return;
    auto connector = connector::FromResource(object);
    POSTERN_CHECK(connector.ok());
    parts_.connectors.push_back(*std::move(connector));
  }

  void AddObject(const Manifest& manifest, const v1::Site& object) {
    sites_.insert(object.metadata().name());
    if (Check(manifest, object)) parts_.sites.push_back(SiteFrom(object));
  }

  void AddObject(const Manifest& manifest, const v1::SiteLink& object) {
    if (Check(manifest, object)) parts_.links.push_back(LinkFrom(object));
  }

  void AddObject(const Manifest& manifest, const v1::AcceptedDomain& object) {
    if (!Check(manifest, object)) return;
    AcceptedDomain domain = DomainFrom(object);
    Unique(manifest, "spec.domainName", domain.domain_name, "AcceptedDomain", "domain/");
    if (domain.is_default) {
      Unique(manifest, "spec.default", "true", "default AcceptedDomain", "default-domain/");
    }
    parts_.domains.push_back(std::move(domain));
  }

  void AddObject(const Manifest& manifest, const v1::TransportServer& object) {
    if (Check(manifest, object)) parts_.servers.push_back(ServerFrom(object));
  }

  void AddObject(const Manifest& manifest, const v1::TransportConfig& object) {
    if (config_ != nullptr) {
      Fail(manifest, {"kind", "TransportConfig",
                      base::Cat("there is one at most, and one is already in ", config_->file, ":",
                                config_->line)});
      return;
    }
    config_ = &manifest;
    if (Check(manifest, object)) parts_.config = ConfigFrom(object);
  }

  void CheckReferencesOf(const Manifest& manifest) {
    if (const auto* server = std::get_if<v1::TransportServer>(&manifest.object)) {
      const std::string& site = server->spec().site();
      if (!site.empty() && sites_.count(site) == 0) {
        Fail(manifest, {"spec.site", site, "there is no Site of this name"});
      }
    }
    if (const auto* link = std::get_if<v1::SiteLink>(&manifest.object)) {
      for (int i = 0; i < link->spec().sites_size(); ++i) {
        if (sites_.count(link->spec().sites(i)) != 0) continue;
        Fail(manifest, {base::Cat("spec.sites[", i, "]"), link->spec().sites(i),
                        "there is no Site of this name"});
      }
    }
  }

  std::vector<ManifestError>& errors_;
  SnapshotParts parts_;
  std::set<std::string> sites_;
  std::map<std::string, const Manifest*> seen_;
  const Manifest* config_ = nullptr;
};

}  // namespace

SnapshotPtr BuildSnapshot(const std::vector<Manifest>& manifests,
                          std::vector<ManifestError>& errors,
                          bool stale) {
  // An object that could not be read would be missed by all that name it: one mistake, one finding.
  const bool complete = errors.empty();
  Builder builder(errors);
  for (const Manifest& manifest : manifests) {
    builder.Add(manifest);
  }
  if (complete) builder.CheckReferences(manifests);
  return builder.Finish(stale);
}

}  // namespace postern::directory
