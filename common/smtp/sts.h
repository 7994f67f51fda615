// common/smtp/sts.h
//
// The MTA-STS policies of the domains that mail goes to: discovered, fetched, kept while they hold.
//
// Flow      For, once for each policy domain of an attempt; keep what is fresh in a store, and hand
//           it in the next time.
// Failure   Data, in StsAnswer. `error` is kUnauthenticated when the certificate of the policy host
//           does not prove its name, kInvalidArgument when the policy is not well formed, anything
//           else when it could not be fetched. A TXT question without an answer is no error: a
//           known policy stays in force until it expires, and without one there is none.
// Lifetime  Borrows client and clock. One executor; the counts may be read from any thread.
// Limits    Options. A domain is asked for its record once a minute (again at once only when the
//           asker was stopped), a fetch that failed is repeated after five. Askers of one domain
//           share one look-up. Domains without a policy are forgotten before those with one, the
//           longest unused first.
// See       RFC 8461 §3, §5.1; common/mail/sts_policy.h

#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "common/base/clock.h"
#include "common/dns/resolver.h"
#include "common/http/client.h"
#include "common/io/endpoint.h"
#include "common/io/event.h"
#include "common/io/task.h"
#include "common/mail/sts_policy.h"
#include "common/smtp/known_sts.h"

namespace postern::smtp {

struct StsAnswer {
  // The policy in force; nullopt: the domain has none. Mode none is a policy that demands nothing.
  std::optional<KnownSts> known;
  // Fetched now, or newer than what was handed in: whoever keeps policies should keep this one.
  bool fresh = false;
  // A policy is announced that could not be had; `known` is the older one then, if it still holds.
  absl::Status error;
};

class StsPolicies {
 public:
  struct Options {
    std::string step = "deliver";  // in the log
    std::uint16_t port = 443;      // of policy hosts
    absl::Duration fetch_time_max = absl::Seconds(60);
    absl::Duration ask_every = absl::Minutes(1);
    absl::Duration failed_fetch_pause = absl::Minutes(5);
    // Fetches again, before its expiry, what is older than this; §3.3 suggests a day.
    absl::Duration refresh_after = absl::InfiniteDuration();
    std::size_t domains_max = 10'000;
    std::size_t bytes_max = std::size_t{64} << 20;  // about, of all that is remembered
    std::vector<io::Network> refused;               // where no policy is fetched, as no mail goes
  };

  struct Counts {
    std::atomic<std::uint64_t> questions{0};       // for TXT records
    std::atomic<std::uint64_t> fetches{0};         // of policies
    std::atomic<std::uint64_t> failed_fetches{0};  // of those
    std::atomic<std::uint64_t> shared{0};          // somebody else's look-up was waited for
    std::atomic<std::uint64_t> domains{0};         // that are remembered now
  };

  // Without a client nothing is asked: what is handed in counts while it holds.
  StsPolicies(http::Client* client, base::Clock& clock, Options options);

  // `known`: what the caller has from elsewhere, a store or an Offer. The newer of that and ours
  // counts; the one whose id is announced is the newer.
  io::Task<StsAnswer> For(dns::Resolver& resolver,
                          std::string domain,
                          std::optional<KnownSts> known);

  const Counts& counts() const { return counts_; }

 private:
  struct Domain {
    std::string name;
    std::optional<KnownSts> known;
    absl::Time ask_after = absl::InfinitePast();
    std::string announced;  // the id in the record; empty without one
    absl::Status failure;   // of the last fetch
    std::string failed_id;
    absl::Time fetch_after = absl::InfinitePast();
    std::size_t bytes = 0;
    bool keeping = false;  // it is in keeping_
  };

  // What an asker and those that share with it wait for.
  struct LookUp {
    bool done = false;
    bool fetched = false;
    bool stopped = false;  // the asker was: it says nothing about the domain
    io::Event ended;
  };

  using Place = std::list<Domain>::iterator;

  // Answers for `domain` by its record, and fetches when that tells to.
  io::Task<void> Ask(dns::Resolver& resolver, const std::string& domain, LookUp& look_up);
  io::Task<absl::Status> AskRecord(dns::Resolver& resolver, const std::string& domain);
  io::Task<absl::StatusOr<mail::StsPolicy>> Fetch(dns::Resolver& resolver,
                                                  const std::string& domain,
                                                  std::string id);
  bool QuestionDue(const Domain& domain) const;
  bool FetchDue(const Domain& domain) const;
  void Merge(Domain& domain, const KnownSts& theirs);
  void NoteFetched(Domain& domain, mail::StsPolicy policy);
  void NoteFailed(Domain& domain, std::string id, absl::Status failure);
  StsAnswer Answer(const Domain& domain, const std::optional<KnownSts>& theirs, bool fetched) const;

  // What is remembered of the domain, which becomes the last used; it lives until the next Touch.
  Domain& Touch(const std::string& name);
  // Counts anew what changed, and makes room.
  void Weigh(Domain& domain);
  void Forget(Place place);

  http::Client* const client_;
  base::Clock& clock_;
  const Options options_;
  std::list<Domain> bare_;     // without a policy, the last used first
  std::list<Domain> keeping_;  // with one
  std::unordered_map<std::string, Place> by_name_;
  std::size_t bytes_ = 0;
  std::unordered_map<std::string, std::shared_ptr<LookUp>> under_way_;
  Counts counts_;
};

}  // namespace postern::smtp
