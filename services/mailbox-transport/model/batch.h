// services/mailbox-transport/model/batch.h
//
// Batch: one message with its recipients for one next hop, taken from the queue for an attempt.

#pragma once

#include <cstdint>
#include <vector>

#include "services/mailbox-transport/model/message.h"

namespace postern::model {

struct Batch {
  MessagePtr message;
  NextHop next_hop;
  std::vector<std::uint32_t> recipients;  // indices into message->recipients; never empty
  bool suspended = false;                 // it goes to a server that must not deliver it yet

  // The envelope for the wire: only these recipients.
  mail::Envelope envelope() const;
};

}  // namespace postern::model
