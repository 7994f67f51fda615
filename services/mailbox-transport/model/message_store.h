// services/mailbox-transport/model/message_store.h
//
// MessageStore: the seam between the straight line and stable storage.
//
// Flow      Accept: NextId, PutChunk for a large body as it arrives, then Put; its `done` runs
//           after the sync. Attempt: MarkInHand, Load*, then Settle. Start: Scan.
// Failure   kResourceExhausted: the store is full, nothing was kept. kDataLoss: this record is
//           damaged and is set aside. kUnavailable: it cannot be read now. Any other write error
//           ends the process: restart decides from disk.
// Lifetime  Outlives all who call it. `done` runs on the commit thread: post, do not work there.
// Limits    Thread-safe. A batch holds at most 1 MiB; see the store's settings.
// See       docs/data.md; docs/architecture.md "store"

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"

#include "services/mailbox-transport/model/message.h"

namespace postern::model {

// The first submission with an idempotency key.
struct KeyRecord {
  base::MessageId id;
  std::string content_hash;
  std::string internet_message_id;
};

// Whether an attempt may have been under way when the process ended. As a condition: it may.
enum InHand : std::uint8_t {
  kNotInHand = 0,
  kMaybeInHand = 1,  // power loss or a damaged table: nobody knows
  kInHand = 2,
};

// What settling one attempt changes, all in one batch.
struct Settlement {
  MessagePtr message;               // its recipients' states are already the new ones
  std::vector<MessagePtr> notices;  // DSNs, each with its body in `body`
  bool in_hand = true;              // one of its in-hand marks is cleared; false: there was none
};

// Whether a record that was not read never will be.
inline bool IsLost(const absl::Status& status) {
  return absl::IsDataLoss(status) || absl::IsNotFound(status);
}

class MessageStore {
 public:
  using Done = absl::AnyInvocable<void(absl::Status)>;

  virtual ~MessageStore() = default;

  // Of this store, made with it: an id of a message is unique in it.
  virtual const std::string& database_id() const = 0;

  virtual base::MessageId NextId() = 0;

  // Writes one chunk without a sync; chunks without a message are removed at start and by
  // DropChunks. Numbers go up from 0. kInvalidArgument: out of order or larger than kChunkBytes.
  virtual void PutChunk(base::MessageId id, std::uint32_t number, std::string bytes, Done done) = 0;
  virtual void DropChunks(base::MessageId id, std::uint32_t chunks) = 0;

  // Commits `message`. Without PutChunk before, `message->body` is its body, and `chunks` is set
  // here. `done` after the sync. With a key (KeyOf) the key's record is in the same batch.
  // When it fails nothing is kept, chunks neither. kAlreadyExists: the key is known.
  virtual void Put(MessagePtr message, Done done) = 0;

  // Records the new state: removes the message when it is settled, else updates it, and adds the
  // notices. Rides along with the next commit, at the latest after `settle_delay_max`; clears the
  // in-hand mark of the message once it is in the WAL. `done`, if given, runs then.
  virtual void Settle(Settlement settlement, Done done = nullptr) = 0;

  // `done` runs once Load and Walk see all that was settled before; the next commit comes at once.
  // kResourceExhausted: some of it waits for space on the disk.
  virtual void WhenWritten(Done done) = 0;

  // Before the first byte of an attempt, and after it when nothing is to be settled. The marks
  // survive SIGKILL and cost no system call. A message may be marked several times (one attempt
  // per next hop).
  virtual void MarkInHand(base::MessageId id) = 0;
  virtual void ClearInHand(base::MessageId id) = 0;
  // Whether an attempt has it in hand now.
  virtual bool IsInHand(base::MessageId id) const = 0;

  // Blocking reads: call on the disk pool.
  virtual absl::StatusOr<Message> Load(base::MessageId id) = 0;
  virtual absl::StatusOr<std::string> LoadChunk(base::MessageId id, std::uint32_t number) = 0;
  // Messages in the order of ids, without bodies, from the first one at or above `from`
  // (`backward`: at or below it, downwards) until `visit` says false; a damaged record is visited
  // with its error. A few hundred at a time, so that the pool stays free for bodies.
  virtual absl::Status Walk(
      base::MessageId from,
      bool backward,
      const std::function<bool(base::MessageId id, absl::StatusOr<Message> message)>& visit) = 0;

  // The record of a key, if it is known (for `store.key_retention` after settlement), as KeyOf
  // names it. In memory, no disk read waits.
  virtual std::optional<KeyRecord> FindKey(const std::string& identity, const std::string& key) = 0;

  // Start only: every readable message in the order of ids, without bodies. `in_hand` tells whether
  // an attempt may have been under way when the process ended. Damaged records are set aside and
  // counted.
  virtual absl::Status Scan(
      const std::function<void(MessagePtr message, InHand in_hand)>& visit) = 0;

  // The security policy that a domain publishes; empty bytes: none any more. Rides along with the
  // next commit and is never waited for: after a crash a policy may be missing, and is asked again.
  virtual void PutPolicy(const std::string& domain, std::string bytes) = 0;
  // Start only: every readable one.
  virtual absl::Status ScanPolicies(
      const std::function<void(std::string_view domain, std::string_view bytes)>& visit) = 0;

  // Whether an administrator has suspended the queue of this next hop. `done` after the sync.
  virtual void PutSuspension(const NextHop& hop, bool suspended, Done done) = 0;
  // Start only: every suspended one.
  virtual absl::Status ScanSuspensions(const std::function<void(const NextHop& hop)>& visit) = 0;

  // Whether a damaged record was met since the start: then the store may hold what no queue knows.
  virtual bool damaged() const = 0;

  // True when new mail must be refused with 452: the disk reserve is reached or the disk was full.
  virtual bool full() const = 0;
};

}  // namespace postern::model
