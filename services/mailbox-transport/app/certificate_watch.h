// services/mailbox-transport/app/certificate_watch.h
//
// CertificateWatch: reads the listeners' certificate again when its files change, and tells when
// it ends.
//
// Flow      Construct with what to do on a change; destroying ends it.
// Failure   A certificate that cannot be read leaves the old one in use and is logged.
// Lifetime  A thread of its own; `changed` is called on it. Thread-safe.
// Limits    Looks every tls::kFileLook.

#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "common/tls/file_watch.h"

namespace postern::app {

inline constexpr char kListenerExpiryMetric[] = "postern_accept_certificate_expires_seconds";
inline constexpr char kAboutListenerExpiry[] =
    "When the listeners' certificate ends, in seconds since 1970; 0 without one.";

class CertificateWatch {
 public:
  // With an empty `certificate_file` there is nothing to watch.
  CertificateWatch(std::string certificate_file,
                   std::string key_file,
                   std::function<absl::Status()> changed,
                   absl::Duration look = tls::kFileLook);

  // Seconds since 1970 at which the certificate in use ends; 0 when there is none.
  double expires_unix_seconds() const { return expires_; }

 private:
  void NoteExpiry();
  void Reload();

  const std::string certificate_file_;
  const std::function<absl::Status()> changed_;
  std::atomic<double> expires_{0};
  std::unique_ptr<tls::FileWatch> watch_;
};

}  // namespace postern::app
