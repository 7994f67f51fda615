// services/mailbox-transport/model/message.h
//
// Message: an accepted message with the state of each recipient; what the store keeps.
//
// Flow      accept makes it, store keeps it, route gives each recipient its next hop, queue times
//           it, settle moves its recipients until none is pending.
// Lifetime  Shared by pointer. Before the commit its maker writes it; afterwards only the executor
//           of the shard that owns it.
// Limits    The body of a message of one chunk may be in `body`; a larger one is only in the store.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/base/ids.h"
#include "common/mail/envelope.h"
#include "services/mailbox-transport/model/next_hop.h"
#include "services/mailbox-transport/model/priority.h"

namespace postern::model {

// A body is kept in chunks of this many bytes; the last may be shorter.
inline constexpr std::size_t kChunkBytes = 256 * 1024;

inline constexpr std::size_t kLastErrorBytesMax = 1000;

// What is kept of a remote's words, or of ours: the end is cut between characters.
std::string LastErrorOf(std::string_view text, std::size_t bytes_max = kLastErrorBytesMax);

enum class Phase : std::uint8_t { kPending = 0, kDone = 1 };

struct RecipientState {
  Phase phase = Phase::kPending;
  NextHop next_hop;
  absl::Time next_attempt = absl::InfinitePast();
  std::uint32_t attempts = 0;
  std::string last_error;
  bool delay_notified = false;
  bool suspended = false;  // by an administrator
};

struct Message {
  base::MessageId id;
  mail::Envelope envelope;
  std::vector<RecipientState> recipients;  // one for each of the envelope, same order
  std::uint64_t size = 0;
  std::uint64_t original_size = 0;  // when the organization accepted it; 0 is not known
  std::uint32_t chunks = 0;
  std::uint32_t header_bytes = 0;
  bool eight_bit = false;
  bool notice = false;  // a DSN of ours: never returned
  Priority priority = Priority::kNormal;
  std::uint32_t crashes = 0;  // of the process while it had the message in hand
  std::string internet_message_id;
  std::string subject;
  std::string source_name;  // "SMTP:relay", "gRPC", "DSN"
  std::string source_ip;
  std::string identity;
  std::string idempotency_key;
  std::string relay_key;             // the same of the server that relayed it
  std::vector<std::string> servers;  // of the organization that had it before, the first one first
  std::string content_hash;          // with an idempotency key: SHA-256 of envelope and content
  std::string snapshot_version;
  absl::Time accepted;
  absl::Time expires;

  std::shared_ptr<const std::string> body;  // null when it must be read from the store

  bool settled() const;  // no recipient is pending

  // The size by which it is routed: trace fields of our own servers must not make a message too
  // large on its way, and a notice is never too large.
  std::uint64_t routed_size() const;
};

using MessagePtr = std::shared_ptr<Message>;

// Under what a repeat of the message is known, as (identity, key): a submitter's key is of its
// identity, a server's of nobody. An empty key is none.
std::pair<std::string, std::string> KeyOf(const Message& message);

// The store's form (proto/postern/v1/store.proto), without the body.
std::string EncodeMessage(const Message& message);
// kDataLoss when the bytes are not a message or contradict themselves.
absl::StatusOr<Message> DecodeMessage(base::MessageId id, std::string_view bytes);

// The same for a queue that is suspended.
std::string EncodeSuspension(const NextHop& hop);
absl::StatusOr<NextHop> DecodeSuspension(std::string_view bytes);

}  // namespace postern::model
