// common/tls/certificate.h
//
// Certificate: one certificate of ours with its key, which a session may show its peer.
//
// Flow      ReadCertificate; share the pointer; ClientContext::Peer::certificate.
// Failure   kNotFound or kInvalidArgument naming the file and the rule.
// Lifetime  Immutable and shared: a session keeps what it shows alive.
// See       common/tls/certificate_store.h

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/tls/certificate_facts.h"
#include "common/tls/certificate_name.h"

namespace postern::tls {

struct KeyPair;  // common/tls/pem.h

struct Certificate {
  CertificateName name;
  CertificateFacts facts;
  std::vector<std::string> host_names;  // lower case: alternative names, and the common name
  bool self_signed = false;
  std::string version;  // its SHA-256 in hexadecimal
  std::shared_ptr<const KeyPair> keys;

  // Whether it holds at that time.
  bool valid(absl::Time now) const { return facts.begins <= now && now < facts.ends; }
};

using CertificatePtr = std::shared_ptr<const Certificate>;

absl::StatusOr<CertificatePtr> ReadCertificate(const std::string& certificate_file,
                                               const std::string& key_file);

}  // namespace postern::tls
