#include "common/directory/build.h"

#include <set>
#include <unordered_map>
#include <utility>

#include "common/base/text.h"

namespace postern::directory {

namespace {

using connector::FieldError;

// Gathers the objects of all manifests, when it is to keep them, and looks at what one says of
// another.
class Builder {
 public:
  Builder(std::vector<ManifestError>& errors, bool keeps, std::size_t size)
      : errors_(errors), keeps_(keeps) {
    seen_.reserve(2 * size);
  }

  void Add(const CheckedManifest& checked) {
    std::visit([&](const auto& object) { AddObject(checked, object); }, checked.manifest.object);
  }

  void CheckReferences(const std::vector<CheckedPtr>& manifests) {
    for (const CheckedPtr& checked : manifests)
      CheckReferencesOf(checked->manifest);
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

  // Notes what is wrong with the object itself and that its name is new; true when it can be used.
  template <typename Object>
  bool Usable(const CheckedManifest& checked, const Object& object) {
    for (const FieldError& finding : checked.findings)
      Fail(checked.manifest, finding);
    const std::string& kind = Object::descriptor()->name();
    return checked.findings.empty() & Unique(checked.manifest, "metadata.name",
                                             object.metadata().name(), kind, base::Cat(kind, "/"));
  }

  template <typename Typed>
  void Keep(const CheckedManifest& checked, std::vector<Typed>& typed) {
    if (keeps_) typed.push_back(std::get<Typed>(checked.typed));
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
                    base::Cat("one ", kind, " of this name is already in ",
                              Place(first->second->file, first->second->LineOf(path)))});
    return false;
  }

  void AddObject(const CheckedManifest& checked, const v1::SendConnector& object) {
    const bool good = Usable(checked, object);
    const bool unique =
        Unique(checked.manifest, "spec.name", object.spec().name(), "SendConnector", "name/");
    if (good && unique) Keep<SendConnector>(checked, parts_.connectors);
  }

  void AddObject(const CheckedManifest& checked, const v1::Site& object) {
    sites_.insert(object.metadata().name());
    if (Usable(checked, object)) Keep<Site>(checked, parts_.sites);
  }

  void AddObject(const CheckedManifest& checked, const v1::SiteLink& object) {
    if (Usable(checked, object)) Keep<SiteLink>(checked, parts_.links);
  }

  void AddObject(const CheckedManifest& checked, const v1::AcceptedDomain& object) {
    if (!Usable(checked, object)) return;
    const auto& domain = std::get<AcceptedDomain>(checked.typed);
    Unique(checked.manifest, "spec.domainName", domain.domain_name, "AcceptedDomain", "domain/");
    if (domain.is_default) {
      Unique(checked.manifest, "spec.default", "true", "default AcceptedDomain", "default-domain/");
    }
    Keep<AcceptedDomain>(checked, parts_.domains);
  }

  void AddObject(const CheckedManifest& checked, const v1::TransportServer& object) {
    if (Usable(checked, object)) Keep<TransportServer>(checked, parts_.servers);
  }

  void AddObject(const CheckedManifest& checked, const v1::TransportConfig& object) {
    if (config_ != nullptr) {
      Fail(checked.manifest, {"kind", "TransportConfig",
                              base::Cat("there is one at most, and one is already in ",
                                        Place(config_->file, config_->line))});
      return;
    }
    config_ = &checked.manifest;
    if (Usable(checked, object)) parts_.config = std::get<TransportConfig>(checked.typed);
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
  const bool keeps_;
  SnapshotParts parts_;
  std::set<std::string> sites_;
  std::unordered_map<std::string, const Manifest*> seen_;
  const Manifest* config_ = nullptr;
};

void AddAll(Builder& builder, const std::vector<CheckedPtr>& manifests, bool complete) {
  for (const CheckedPtr& checked : manifests)
    builder.Add(*checked);
  // An object that could not be read would be missed by all that name it: one mistake, one finding.
  if (complete) builder.CheckReferences(manifests);
}

}  // namespace

SnapshotPtr BuildSnapshot(const std::vector<CheckedPtr>& manifests,
                          std::vector<ManifestError>& errors,
                          bool stale) {
  const bool complete = errors.empty();
  Builder builder(errors, /*keeps=*/true, manifests.size());
  AddAll(builder, manifests, complete);
  return builder.Finish(stale);
}

void CheckTogether(const std::vector<CheckedPtr>& manifests, std::vector<ManifestError>& errors) {
  const bool complete = errors.empty();
  Builder builder(errors, /*keeps=*/false, manifests.size());
  AddAll(builder, manifests, complete);
}

SnapshotPtr BuildSnapshot(std::vector<Manifest> manifests,
                          std::vector<ManifestError>& errors,
                          bool stale) {
  std::vector<CheckedPtr> checked;
  checked.reserve(manifests.size());
  for (Manifest& manifest : manifests)
    checked.push_back(Check(std::move(manifest)));
  return BuildSnapshot(checked, errors, stale);
}

}  // namespace postern::directory
