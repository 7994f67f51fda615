// services/mailbox-transport/model/relayed.h
//
// A message on its way from one server of the organization to the next, as relay.proto has it.
//
// Flow      ToRelayed where it leaves; FromRelayed where it arrives: a Message without content,
//           which accept completes.
// Failure   FromRelayed: kInvalidArgument naming field and rule; kFailedPrecondition: it was
//           relayed too often.
// Limits    kRelaysMax relays of one message; kLastErrorBytesRelayed of a recipient's last error,
//           so that thousands of recipients fit into one frame.
// See       proto/postern/v1/relay.proto; docs/decisions/0008-relay.md

#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

#include "postern/v1/relay.pb.h"
#include "services/mailbox-transport/model/batch.h"

namespace postern::model {

// Exchange returns a message with 5.4.6 after 20 iterations.
inline constexpr std::size_t kRelaysMax = 20;
inline constexpr std::size_t kLastErrorBytesRelayed = 200;

// What `batch` takes along: its recipients with their history, not those of other next hops.
// `database` and the message's id name it where it leaves, `server` is that server.
v1::RelayedMessage ToRelayed(const Batch& batch,
                             std::string_view database,
                             std::string_view server);

// `size` is that of the content that follows.
absl::StatusOr<Message> FromRelayed(const v1::RelayedMessage& relayed);

// Under what a repeat is known: the same recipients of the same message of the same store.
std::string RelayKeyOf(const v1::RelayedMessage& relayed);

}  // namespace postern::model
