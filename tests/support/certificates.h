// tests/support/certificates.h
//
// A small certificate authority: PEM files in a temporary folder, for one test.
//
// Flow      CertificateAuthority ca; const auto server = ca.Issue(ForHost("mx.example.test"));
//           server.certificate_file, server.key_file, ca.ca_file().
// Lifetime  The folder and its files are removed with the authority.
// Limits    Keys are P-256; an issue takes about a millisecond.

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace postern::testing {

struct CertificateRequest {
  std::string common_name;             // none when empty
  std::vector<std::string> dns_names;  // DNS subject alternative names
  std::vector<std::string> uri_names;  // URI ones: spiffe://postern.test/site-a/mailbox-transport
  std::vector<std::string> addresses;  // IP ones, as text
  absl::Duration begins_in = -absl::Hours(1);
  absl::Duration ends_in = absl::Hours(24);
  std::string extended_key_usage = "serverAuth,clientAuth";
  bool must_staple = false;  // RFC 7633
};

// A server's or client's certificate with `host` as common name and DNS name.
CertificateRequest ForHost(std::string host);
// A service's certificate: a URI name, and DNS names localhost and `host` with address 127.0.0.1
// and ::1.
CertificateRequest ForService(std::string uri, std::string host = "localhost");
// Ended an hour ago.
CertificateRequest Expired(std::string host);

struct CertificateFiles {
  std::string certificate_file;
  std::string key_file;
};

class CertificateAuthority {
 public:
  // Self-signed, or below `parent`.
  explicit CertificateAuthority(std::string name = "Postern test authority",
                                const CertificateAuthority* parent = nullptr);
  ~CertificateAuthority();
  CertificateAuthority(const CertificateAuthority&) = delete;
  CertificateAuthority& operator=(const CertificateAuthority&) = delete;

  const std::string& ca_file() const { return ca_file_; }

  std::string key_file() const { return folder_ + "/ca.key"; }

  const std::string& folder() const { return folder_; }

  // Signs a new key; each call makes new files. Good for server and client use.
  CertificateFiles Issue(const CertificateRequest& request);
  // The same, signed by its own key instead.
  CertificateFiles SelfSign(const CertificateRequest& request);

 private:
  struct Keys;

  CertificateFiles Make(const CertificateRequest& request, bool self_signed);

  std::string folder_;
  std::string ca_file_;
  std::unique_ptr<Keys> keys_;
  int issued_ = 0;
};

}  // namespace postern::testing
