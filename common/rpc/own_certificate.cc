#include "common/rpc/own_certificate.h"

#include <utility>
#include <vector>

#include "absl/time/clock.h"

#include "common/base/text.h"
#include "common/observe/log.h"
#include "common/rpc/credentials.h"
#include "common/rpc/identity.h"
#include "common/tls/certificate.h"

namespace postern::rpc {

namespace {

template <typename... Parts>
absl::Status Invalid(const Parts&... parts) {
  return base::Error(absl::StatusCode::kInvalidArgument, parts...);
}

absl::Status CheckName(const std::vector<std::string>& uris, const OwnName& name) {
  if (uris.empty()) {
    return Invalid("holds no URI spiffe://", base::Printable(name.trust_domain), "/<site>/",
                   name.service, ", by which services know one another");
  }
  const auto identity = FromUris({uris.begin(), uris.end()}, name.trust_domain);
  if (!identity.ok()) {
    return Invalid(base::MessageOf(identity.status()), " (rpc.trust_domain \"",
                   base::Printable(name.trust_domain), "\")");
  }
  const std::string shown = base::Printable(identity->name);
  if (identity->service != name.service) {
    return Invalid("identity \"", shown, "\": its service is not ", name.service,
                   ", which this is");
  }
  if (name.site.empty() || identity->site == name.site) return absl::OkStatus();
  return Invalid("identity \"", shown, "\": its site is not \"", base::Printable(name.site),
                 "\", which ", name.site_from, " says");
}

std::string Written(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", time, absl::UTCTimeZone());
}

}  // namespace

absl::Status CheckOwn(const tls::CertificateFacts& facts, const OwnName& name, absl::Time now) {
  if (absl::Status named = CheckName(facts.uris, name); !named.ok()) return named;
  if (now < facts.begins) return Invalid("is good only from ", Written(facts.begins), " on");
  if (now >= facts.ends) return Invalid("ended on ", Written(facts.ends));
  return absl::OkStatus();
}

OwnCertificate::OwnCertificate(const RpcSettings& settings, std::string service)
    : settings_(settings) {
  name_.trust_domain = *settings.trust_domain;
  name_.service = std::move(service);
}

absl::StatusOr<std::unique_ptr<OwnCertificate>> OwnCertificate::Start(const RpcSettings& settings,
                                                                      std::string service,
                                                                      absl::Duration look) {
  std::unique_ptr<OwnCertificate> own(new OwnCertificate(settings, std::move(service)));
  if (*settings.insecure_plaintext) return own;
  if (absl::Status fits = CheckFiles(settings); !fits.ok()) return fits;
  if (absl::Status good = own->Check(); !good.ok()) return good;
  own->watch_ = std::make_unique<tls::FileWatch>([&settings] { return StampOfFiles(settings); },
                                                 [one = own.get()] { one->Reload(); }, look);
  return own;
}

absl::Status OwnCertificate::SetSite(std::string site, std::string from) {
  {
    const std::lock_guard lock(mutex_);
    name_.site = std::move(site);
    name_.site_from = std::move(from);
  }
  return *settings_.insecure_plaintext ? absl::OkStatus() : Check();
}

absl::Status OwnCertificate::Check() {
  const auto read = tls::ReadCertificate(*settings_.certificate_file, *settings_.key_file);
  if (!read.ok()) return base::Annotate(read.status(), settings_.certificate_file.key);
  const tls::CertificateFacts& facts = (*read)->facts;
  expires_ = static_cast<double>(absl::ToUnixSeconds(facts.ends));
  const std::lock_guard lock(mutex_);
  return base::Annotate(
      CheckOwn(facts, name_, absl::Now()),
      base::Cat(settings_.certificate_file.key, " ", *settings_.certificate_file));
}

void OwnCertificate::Reload() {
  if (!CheckFiles(settings_).ok()) return;  // KeptFiles says so, and the old ones serve on
  const absl::Status good = Check();
  if (good.ok()) {
    POSTERN_LOG(kInfo, "rpc", "certificate read again", {{"file", *settings_.certificate_file}});
  } else {
    // The key may follow its certificate a moment later: the next change is looked at again.
    POSTERN_LOG(kError, "rpc", "certificate is wrong: other services refuse the calls",
                {{"error", good}});
  }
}

}  // namespace postern::rpc
