// tests/support/fake_resolver.h
//
// A resolver that answers from a table which the test writes; it counts what it was asked.
//
// Flow      FakeResolver dns; dns.Mx("example.test", {{10, "first.test"}}); dns.A("first.test",
//           "127.0.0.1"); a name that was never mentioned does not exist (NXDOMAIN).
// Failure   NxDomain is kNotFound, ServFail kUnavailable, Timeout kDeadlineExceeded; NoData is an
//           empty answer.
// Lifetime  Thread-safe: one resolver may serve the executors of several services.

#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "common/dns/resolver.h"

namespace postern::testing {

class FakeResolver final : public dns::Resolver {
 public:
  // Replaces what is known of the MX records of `domain`. A host of "." or "" is the null MX.
  void Mx(std::string_view domain, std::vector<dns::MxRecord> records);
  // Adds one address, IPv4 or IPv6; no MX is NODATA then, unless one was set.
  void A(std::string_view host, std::string_view address);

  // Adds one record.
  void Tlsa(std::string_view name, dns::TlsaRecord record);
  void Txt(std::string_view name, std::string text);
  // DNSSEC vouches for every answer about the name, the absence of records included.
  void Secure(std::string_view name);
  // The addresses of `host` are those of another name.
  void Alias(std::string_view host, std::string canonical);
  void TlsaFails(std::string_view name, absl::Status status);
  // The name of an address.
  void Ptr(std::string_view address, std::string name);
  // Replaces what is known of the TXT records; none is NODATA.
  void SetTxt(std::string_view name, std::vector<std::string> records);
  void TxtFails(std::string_view name, absl::Status status);

  // For MX and addresses:
  void NxDomain(std::string_view name);
  void ServFail(std::string_view name);
  void Timeout(std::string_view name);
  void NoData(std::string_view name);
  // For one kind:
  void MxFails(std::string_view domain, absl::Status status);
  void AddressesFail(std::string_view host, absl::Status status);

  void SetTtl(absl::Duration ttl);
  // Each answer is given after this long instead of at once.
  void SetDelay(absl::Duration delay);

  // How often it was asked in all, or for one name.
  int questions() const;
  int mx_questions(std::string_view domain) const;
  int address_questions(std::string_view host) const;
  int txt_questions(std::string_view name) const;

  io::Task<absl::StatusOr<dns::MxAnswer>> Mx(std::string domain) override;
  io::Task<absl::StatusOr<dns::AddressAnswer>> Addresses(std::string host) override;
  io::Task<absl::StatusOr<dns::TlsaAnswer>> Tlsa(std::string name) override;
  io::Task<absl::StatusOr<dns::TxtAnswer>> Txt(std::string name) override;
  io::Task<absl::StatusOr<dns::PtrAnswer>> Ptr(std::string name) override;

 private:
  struct Known {
    absl::Status mx_status;
    absl::Status address_status;
    std::vector<dns::MxRecord> mx;
    std::vector<io::IpAddress> addresses;
    absl::Status tlsa_status;
    std::vector<dns::TlsaRecord> tlsa;
    absl::Status txt_status;
    std::vector<std::string> txt;
    std::vector<std::string> ptr;
    std::string canonical;
    bool exists = false;
    bool secure = false;
    int mx_questions = 0;
    int address_questions = 0;
    int txt_questions = 0;
  };

  mutable std::mutex mutex_;
  std::map<std::string, Known, std::less<>> known_;
  absl::Duration ttl_ = absl::Minutes(5);
  absl::Duration delay_ = absl::ZeroDuration();
  int questions_ = 0;
};

}  // namespace postern::testing
