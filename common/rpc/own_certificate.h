// common/rpc/own_certificate.h
//
// OwnCertificate: the certificate by which a service proves itself to the others: checked at the
// start, so that it does not run with all calls refused, and looked at again when its file changes.
//
// Flow      Start; SetSite as soon as the site is known.
// Failure   kInvalidArgument, kNotFound with setting, file, value and rule. A file that is for
//           another service when it changes is logged as an error, and used nevertheless; one that
//           does not fit its key stays out (KeptFiles).
// Lifetime  A thread of its own. Thread-safe.
// Limits    Looks every tls::kFileLook.
// See       common/rpc/identity.h; SPIFFE X.509-SVID §2, §4

#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/rpc/settings.h"
#include "common/tls/certificate_facts.h"
#include "common/tls/file_watch.h"

namespace postern::rpc {

inline constexpr char kExpiryMetric[] = "postern_rpc_certificate_expires_seconds";
inline constexpr char kAboutExpiry[] =
    "When the certificate for the calls between services ends, in seconds since 1970; 0 without "
    "one.";

// Whom a certificate must be for: spiffe://<trust domain>/<site>/<service>.
struct OwnName {
  std::string trust_domain;
  std::string service;
  std::string site;       // empty: any
  std::string site_from;  // what says so: "server.site"
};

// What follows the name of the file, with the rule that is broken.
absl::Status CheckOwn(const tls::CertificateFacts& facts, const OwnName& name, absl::Time now);

class OwnCertificate {
 public:
  // With plain text there is none, and nothing to check.
  static absl::StatusOr<std::unique_ptr<OwnCertificate>> Start(
      const RpcSettings& settings, std::string service, absl::Duration look = tls::kFileLook);

  // `from` is what says so, for the error.
  absl::Status SetSite(std::string site, std::string from);

  // Seconds since 1970 at which the certificate ends; 0 when there is none.
  double expires_unix_seconds() const { return expires_; }

 private:
  OwnCertificate(const RpcSettings& settings, std::string service);
  // Of files that fit together.
  absl::Status Check();
  void Reload();

  const RpcSettings& settings_;
  std::mutex mutex_;
  OwnName name_;  // guarded by it
  std::atomic<double> expires_{0};
  std::unique_ptr<tls::FileWatch> watch_;
};

}  // namespace postern::rpc
