// services/mailbox-transport/model/intake.h
//
// Intake: where accept hands over a message and gets its receipt, after the sync.
//
// Flow      message = a Message from NextId with envelope, size, body or chunks; Accept; `done`
//           brings the receipt on any thread.
// Failure   kResourceExhausted: try again later (452 4.3.1). kUnavailable: we are stopping (421
//           4.3.2). kAlreadyExists: the idempotency key was used with other content.
//           kInvalidArgument: the message cannot be taken (550).

#pragma once

#include <cstdint>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "services/mailbox-transport/model/message.h"

namespace postern::model {

// Who hands mail in.
enum class Submitter : std::uint8_t {
  kApplication,
  kServer,  // another mailbox-transport, which has it already
};

struct Receipt {
  base::MessageId id;
  std::string internet_message_id;
  bool repeated = false;  // the receipt of an earlier submission with the same key
};

class Intake {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<Receipt>)>;

  virtual ~Intake() = default;

  virtual base::MessageId NextId() = 0;
  virtual void PutChunk(base::MessageId id,
                        std::uint32_t number,
                        std::string bytes,
                        absl::AnyInvocable<void(absl::Status)> done) = 0;
  virtual void DropChunks(base::MessageId id, std::uint32_t chunks) = 0;
  virtual void Accept(MessagePtr message, Done done) = 0;

  // Why nothing is taken now (stopping, store full, back pressure), or OK. Asked at MAIL and at the
  // envelope.
  virtual absl::Status Ready(Submitter submitter) const = 0;
  // How long the answer to MAIL is held back now.
  virtual absl::Duration Hold() const = 0;
};

}  // namespace postern::model
