// services/mailbox-transport/deliver/destinations.h
//
// Destinations: what one front end has told of the domains that mail goes to: which share their
// mail exchangers, and which of these do not answer.
//
// Flow      Told for each frame; Blocked before an offer: the reason not to make it; Tried after an
//           offer that found nobody.
// Failure   A block answers the attempts of a domain once, then the next one is a real one: the
//           ladder of its queue, and whoever retries it by hand, get what they ask for.
// Lifetime  One executor.
// Limits    kDestinationsMax domains and sets; a block is believed for kBlockedMax at most.
// See       egress/destinations.h is the other side; docs/architecture.md "Egress"

#pragma once

#include <string>
#include <unordered_map>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "postern/v1/proxy.pb.h"

namespace postern::deliver {

inline constexpr std::size_t kDestinationsMax = 4096;
inline constexpr absl::Duration kBlockedMax = absl::Minutes(5);
// Attempts of one domain that begin together are answered together.
inline constexpr absl::Duration kAnsweredTogether = absl::Seconds(1);

class Destinations {
 public:
  void Told(const v1::Destination& told, absl::Time now);

  // OK, or kUnavailable with words for the queue's LastError.
  absl::Status Blocked(const std::string& domain, absl::Time now);

  // Our own attempt has shown what the block says: nothing of it is held against the domain again.
  void Tried(const std::string& domain, absl::Time now);

 private:
  struct Domain {
    std::string set;
    absl::Time known_until;
    absl::Time answered;       // the `told` of the last block that has answered it ...
    absl::Time answers_until;  // ... and goes on answering it until then
  };

  struct Block {
    absl::Time told;
    absl::Time until;
    std::string domain;  // the one that showed it
  };

  const Block* BlockOf(const Domain& domain, absl::Time now) const;
  bool IsFull(const v1::Destination& told) const;
  void MakeRoom(absl::Time now);

  std::unordered_map<std::string, Domain> domains_;
  std::unordered_map<std::string, Block> blocks_;  // by set
};

}  // namespace postern::deliver
