// common/tls/crl_file.h
//
// CrlFile: the revocation lists of a PEM file, read again when it changes.
//
// Flow      Open; Look for each certificate with its issuer.
// Failure   Open: kNotFound or kInvalidArgument naming the file. Later a file that cannot be read
//           leaves the lists that it had in use, and is logged.
// Lifetime  Thread-safe. A thread of its own looks at the file.
// Limits    64 MiB; a list counts from its thisUpdate to its nextUpdate, give or take kClockSkew.
// See       RFC 5280 §5, §6.3

#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include <openssl/x509.h>

#include "common/tls/file_watch.h"
#include "common/tls/pem.h"
#include "common/tls/revocation_facts.h"

namespace postern::tls {

inline constexpr absl::Duration kClockSkew = absl::Minutes(5);

class CrlFile {
 public:
  // `changed` is called after each later load, on the thread of the watch.
  static absl::StatusOr<std::unique_ptr<CrlFile>> Open(std::string path,
                                                       std::function<void()> changed,
                                                       absl::Duration look = kFileLook);
  CrlFile(const CrlFile&) = delete;
  CrlFile& operator=(const CrlFile&) = delete;

  // What the lists that `issuer` has signed say of `certificate`. One that is revoked stays so
  // even when the list is out of date. A list that covers a part of the issuer's certificates
  // vouches for none.
  RevocationFacts Look(X509* certificate, X509* issuer) const;

 private:
  // The lists of one load, and whose key is known to have signed which of them.
  struct Lists {
    std::vector<CrlPointer> all;
    std::mutex mutex;
    std::map<std::pair<const X509_CRL*, std::string>, bool> signed_by;  // guarded by mutex

    bool SignedBy(X509_CRL* list, X509* issuer);
  };

  CrlFile(std::string path, std::function<void()> changed);

  absl::Status Load();

  std::shared_ptr<Lists> lists() const;

  const std::string path_;
  const std::function<void()> changed_;
  mutable std::mutex mutex_;
  std::shared_ptr<Lists> lists_;  // guarded by mutex_
  std::unique_ptr<FileWatch> watch_;
};

}  // namespace postern::tls
