// common/dns/cares_resolver.h
//
// The resolver that asks DNS servers over the network, by c-ares.
//
// Flow      Make; ask from fibers of its executor; destroy there when no question is waiting.
// Failure   As dns::Resolver; messages name question, name, cause and servers: "dns mx
//           example.test: server failure (asked 127.0.0.1:53)".
// Lifetime  Made, used and destroyed on its executor; borrows the probe. A question that is
//           cancelled ends at once; the late answer is discarded.
// Limits    per_server_timeout doubles with each round over all servers; query_timeout bounds the
//           whole. Names are asked as they are, fully qualified: no search list. `questions_max`
//           are under way at a time, the rest wait within their query_timeout.
//           By UDP the letters of a question have random case; an answer that does not repeat them
//           counts for nothing, and the question is asked again by TCP, in lower case. With
//           Protocol::kUdpOnly they are lower case.
// See       common/dns/letter_case.h; RFC 1035; RFC 6891 (EDNS, 1232 bytes); RFC 6840 §5.7 (AD in a
//           question); c-ares 1.18

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/dns/probe.h"
#include "common/dns/resolver.h"
#include "common/io/executor.h"

namespace postern::dns {

class CaresResolver final : public Resolver {
 public:
  // Exchange's ExternalDNSProtocolOption.
  enum class Protocol { kAny, kUdpOnly, kTcpOnly };

  // Which addresses of a host are asked for.
  enum class Families { kAny, kIpv4, kIpv6 };

  struct Options {
    std::vector<std::string>
        servers;  // "127.0.0.1:5353", "[::1]:53", "192.0.2.53"; empty: resolv.conf
    absl::Duration per_server_timeout = absl::Seconds(5);
    absl::Duration query_timeout = absl::Seconds(60);
    int tries = 3;  // rounds over all servers
    Protocol protocol = Protocol::kAny;
    Families families = Families::kAny;
    // The servers validate, and nobody between them and us can change their AD bit.
    bool trust_ad = false;
    // A name server's socket buffer of the usual size holds about 270 datagrams; a question that
    // is lost there costs per_server_timeout.
    int questions_max = 200;
    const Probe* probe = nullptr;  // told of each question; null: nobody is
  };

  // kInvalidArgument: a server that is no address. kUnavailable: c-ares cannot start.
  static absl::StatusOr<std::unique_ptr<CaresResolver>> Make(io::Executor& executor,
                                                             Options options);
  ~CaresResolver() override;

  io::Task<absl::StatusOr<MxAnswer>> Mx(std::string domain) override;
  io::Task<absl::StatusOr<AddressAnswer>> Addresses(std::string host) override;
  io::Task<absl::StatusOr<TlsaAnswer>> Tlsa(std::string name) override;
  io::Task<absl::StatusOr<TxtAnswer>> Txt(std::string name) override;
  io::Task<absl::StatusOr<PtrAnswer>> Ptr(std::string name) override;

  // Instead of Options::trust_ad; before the first question.
  void SetTrustAd(bool trusted);

  // The servers that are asked, as text: "127.0.0.1:5353 [::1]:53".
  const std::string& servers() const;

 private:
  struct State;
  explicit CaresResolver(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace postern::dns
