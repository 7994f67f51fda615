// common/dns/cache.h
//
// A resolver that remembers what another one answered.
//
// Flow      CachingResolver cache(resolver, clock); ask it instead.
// Failure   As the resolver below. Failures are never remembered; NXDOMAIN and NODATA are, as
//           long as the SOA of the answer allows.
// Lifetime  Borrows resolver, clock and probe. One executor; the counters may be read from any
//           thread.
// Limits    `answers_max` answers, the longest unused goes first; TTL 1 s to 1 day, negative at
//           most 5 minutes. Askers of the same question share one query and wait at most
//           `wait_max` for it.
// See       RFC 1035 §7.4; RFC 2308

#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <variant>

#include "common/base/clock.h"
#include "common/dns/probe.h"
#include "common/dns/resolver.h"
#include "common/io/event.h"

namespace postern::dns {

class CachingResolver final : public Resolver {
 public:
  struct Limits {
    std::size_t answers_max = 100'000;
    absl::Duration ttl_min = absl::Seconds(1);
    absl::Duration ttl_max = absl::Hours(24);
    absl::Duration negative_ttl_max = absl::Minutes(5);
    absl::Duration wait_max = absl::Minutes(2);
  };

  struct Counts {
    std::atomic<std::uint64_t> misses{0};   // a query was made
    std::atomic<std::uint64_t> shared{0};   // somebody else's query was waited for
    std::atomic<std::uint64_t> evicted{0};  // an answer was given up for lack of room
    std::atomic<std::uint64_t> answers{0};  // that are remembered now
  };

  // `probe` is told of what was remembered; null: nobody is.
  CachingResolver(Resolver& below, base::Clock& clock, Limits limits, const Probe* probe = nullptr);

  CachingResolver(Resolver& below, base::Clock& clock) : CachingResolver(below, clock, Limits()) {}

  io::Task<absl::StatusOr<MxAnswer>> Mx(std::string domain) override;
  // The `ttl` of an answer is what is left of it.
  io::Task<absl::StatusOr<AddressAnswer>> Addresses(std::string host) override;
  io::Task<absl::StatusOr<TlsaAnswer>> Tlsa(std::string name) override;
  io::Task<absl::StatusOr<TxtAnswer>> Txt(std::string name) override;
  // Not kept: it is asked seldom, and for news.
  io::Task<absl::StatusOr<PtrAnswer>> Ptr(std::string name) override;

  const Counts& counts() const { return counts_; }

  // Forgets every answer.
  void Clear();

 private:
  // Any kind of answer, or the kNotFound.
  using Content = std::variant<absl::Status, MxAnswer, AddressAnswer, TlsaAnswer, TxtAnswer>;

  struct Remembered {
    std::string question;
    Content content;
    absl::Time until;
  };

  struct Query {
    bool done = false;
    absl::Status status;
    Content content;
    io::Event ended;
  };

  template <typename Kind>
  io::Task<absl::StatusOr<typename Kind::Answer>> Ask(std::string name);
  const Remembered* Find(const std::string& question);
  void Remember(const std::string& question, Content content, absl::Duration ttl);
  void Forget(std::list<Remembered>::iterator place);

  Resolver& below_;
  base::Clock& clock_;
  const Limits limits_;
  const Probe* const probe_;
  std::list<Remembered> by_use_;  // the last used first
  std::unordered_map<std::string, std::list<Remembered>::iterator> by_question_;
  std::unordered_map<std::string, std::shared_ptr<Query>> under_way_;
  Counts counts_;
};

}  // namespace postern::dns
