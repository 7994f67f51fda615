// common/tls/certificate_store.h
//
// CertificateStore: the certificates that we may show, from a folder, read again when they change.
//
// Flow      Construct; Named for a connector's TlsCertificateName, ForHost without one.
// Failure   Named: kNotFound with the sentence that an administrator reads in LastError. A pair of
//           files that cannot be read leaves what it held before in use, and is logged. A folder
//           that is not there is empty.
// Lifetime  Thread-safe. A thread of its own looks at the files and reads them; those who ask never
//           wait for the disk.
// Limits    kCertificatesMax pairs of files: `<name>.crt` with `<name>.key`, or `<name>/tls.crt`
//           with `<name>/tls.key` as Kubernetes mounts a secret. Names that begin with a dot are
//           passed over.
// See       docs/exchange.md "Send connectors"; Exchange's TlsCertificateName and choice by FQDN

#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/tls/certificate.h"
#include "common/tls/file_watch.h"

namespace postern::tls {

inline constexpr std::size_t kCertificatesMax = 1000;

class CertificateStore {
 public:
  // By the name of their files.
  using Loaded = std::map<std::string, CertificatePtr>;

  // An empty `folder` holds nothing and is not watched. `step` is for the log. `loaded` is told
  // what there is, at once and after each change; on the thread of the watch, but for the first
  // time.
  explicit CertificateStore(std::string folder,
                            std::string step = "deliver",
                            std::function<void(const Loaded&)> loaded = nullptr,
                            absl::Duration look = kFileLook);
  ~CertificateStore();

  // The certificate with this issuer and subject, "<I>CN=CA<S>CN=mail"; of several that hold now
  // the newest.
  absl::StatusOr<CertificatePtr> Named(std::string_view tls_certificate_name, absl::Time now) const;

  // The certificate for this host: issued by an authority before self-signed, then the newest.
  // Null when none that holds now is for it.
  CertificatePtr ForHost(std::string_view host, absl::Time now) const;

  // Reads the folder now.
  void Load();

  std::size_t size() const;

 private:
  // What is asked, best first.
  struct Shelf {
    std::vector<CertificatePtr> all;
    std::unordered_map<std::string, std::vector<CertificatePtr>> by_host;
  };

  std::string Stamp() const;
  // The pairs of files there are: certificate and key by name.
  std::map<std::string, std::pair<std::string, std::string>> Pairs() const;

  std::shared_ptr<const Shelf> shelf() const;

  const std::string folder_;
  const std::string step_;
  const std::function<void(const Loaded&)> loaded_;
  std::mutex load_mutex_;  // one load at a time
  Loaded by_file_;         // guarded by it
  mutable std::mutex mutex_;
  std::shared_ptr<const Shelf> shelf_;  // guarded by mutex_
  std::unique_ptr<FileWatch> watch_;
};

}  // namespace postern::tls
