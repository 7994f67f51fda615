// services/mailbox-transport/settle/settle.h
//
// Settler: turns an outcome into the new state of a message, its DSNs, and what the queue must do.
//
// Flow      Decide (after an attempt), Fail (without one), Expire or Delay (work that lapsed), or
//           Remove; read the original if decision.original asks for it; then Commit, once:
//             auto decision = settler.Decide(batch, ticket, outcome);
//             settle::Original original;
//             if (decision.original != OriginalPart::kNothing) original = <read from the store>;
//             auto settled = settler.Commit(std::move(decision), std::move(original));
//           HopWorked, HopDeferred, HopFailed or HopHeld as settled.hop says; Retry for each of
//           settled.tickets, or Done when there is none; the notices go to the queue when the
//           store's `done` has run.
// Failure   An original that cannot be read is no reason not to report: Commit with an empty one.
// Lifetime  On the executor of the shard that owns the message. No other ticket names the same
//           recipients. The tickets of one message share one Message object.
// Limits    A DSN carries the whole original up to max_message_attach_size of its rules and
//           kWholeOriginalMax, above that its headers: a DSN is made in memory, for one batch. The
//           more recipients it reports, the less it quotes of each answer.
// See       docs/architecture.md "settle"

#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"

#include "common/base/clock.h"
#include "common/base/random.h"
#include "common/smtp/outcome.h"
#include "services/mailbox-transport/model/batch.h"
#include "services/mailbox-transport/model/message_store.h"
#include "services/mailbox-transport/model/ticket.h"
#include "services/mailbox-transport/settle/dsn.h"
#include "services/mailbox-transport/settle/policy.h"
#include "services/mailbox-transport/settle/probe.h"
#include "services/mailbox-transport/settle/sender_rules.h"

namespace postern::settle {

// A retry because nothing at all was tried waits this long, so that no loop is hot.
inline constexpr absl::Duration kNotTriedPause = absl::Seconds(1);

// A ticket whose hop failed waits an eighth of its age, within these: when the hop works for
// others, one message that it hangs up on must not be tried without end. Never longer than the
// ladder's first step.
inline constexpr absl::Duration kHopFailedPauseMin = absl::Seconds(1);
inline constexpr absl::Duration kHopFailedPauseMax = absl::Minutes(1);

// Above this only headers are returned, whatever the setting says.
inline constexpr std::uint64_t kWholeOriginalMax = 640 * 1024;

// Times that belong to the queue's settings.
struct Terms {
  std::string server;  // our FQDN: Reporting-MTA
  absl::Duration message_retry_interval = absl::Minutes(15);
  int retry_jitter_percent = 0;
  absl::Duration message_expiration_timeout = absl::Hours(48);  // of a DSN
};

// How much of the original Commit needs.
enum class OriginalPart : std::uint8_t { kNothing, kHeaders, kWhole };

struct Decision {
  // Which recipients are reported in one DSN, as places in ticket.recipients.
  struct Report {
    DsnKind kind = DsnKind::kFailed;
    std::vector<std::size_t> places;
  };

  model::MessagePtr message;
  model::Ticket ticket;
  bool attempted = false;
  bool in_hand = false;                        // the attempt had marked it: the mark is cleared
  bool delayed = false;                        // only a delay is reported: no verdicts
  std::vector<Verdict> verdicts;               // as ticket.recipients
  std::vector<smtp::RecipientResult> results;  // as ticket.recipients; empty without an attempt
  HopNews hop;
  std::vector<Report> reports;
  OriginalPart original = OriginalPart::kNothing;
};

struct Settled {
  std::vector<model::Ticket> tickets;  // to Queue::Retry; at most one for each Verdict::Wait
  HopNews hop;
  std::vector<model::MessagePtr> notices;  // routed by the hook, in the store after `done`
};

class Settler {
 public:
  Settler(model::MessageStore& store,
          base::Clock& clock,
          base::Random& random,
          SenderRules rules,
          Probe& probe,
          Terms terms);

  // For what is decided from now on.
  void SetRules(SenderRules rules) { rules_ = std::move(rules); }

  // Gives the recipients of a notice their next hop before it goes to the store.
  void OnNotice(absl::AnyInvocable<void(model::Message&)> route);

  // `outcome.recipients` are in the order of batch.recipients; `policies` are the connector's.
  Decision Decide(const model::Batch& batch,
                  model::Ticket ticket,
                  const smtp::Outcome& outcome,
                  const connector::ErrorPolicies& policies = connector::ErrorPolicies());
  // For recipients that routing refused, and other failures without an attempt.
  Decision Fail(const model::Batch& batch,
                model::Ticket ticket,
                const absl::Status& error,
                mail::EnhancedStatus enhanced);
  Decision Expire(const model::Batch& batch, model::Ticket ticket);
  Decision Delay(const model::Batch& batch, model::Ticket ticket);
  // An administrator takes the message away; `with_ndr`: and its sender is told.
  Decision Remove(const model::Batch& batch, model::Ticket ticket, bool with_ndr);

  // Changes the message, makes its DSNs and calls MessageStore::Settle once.
  Settled Commit(Decision decision, Original original, model::MessageStore::Done done = nullptr);

 private:
  // Which DSNs the verdicts ask for.
  void PlanReports(Decision& decision, bool peer_reports);
  void AddReport(Decision& decision, DsnKind kind, std::vector<std::size_t> places);
  std::vector<model::Ticket> Apply(const Decision& decision, absl::Time now);
  ReportedRecipient Reported(const Decision& decision, DsnKind kind, std::size_t place) const;
  Report ReportOf(const Decision& decision, const Decision::Report& planned, absl::Time now) const;
  model::MessagePtr MakeNotice(const Decision& decision,
                               const Decision::Report& planned,
                               const Original& original,
                               absl::Time now);

  model::MessageStore& store_;
  base::Clock& clock_;
  base::Random& random_;
  SenderRules rules_;
  Probe& probe_;
  Terms terms_;
  absl::AnyInvocable<void(model::Message&)> route_;
};

}  // namespace postern::settle
