#include "services/mailbox-transport/model/batch.h"

namespace postern::model {

mail::Envelope Batch::envelope() const {
  mail::Envelope wire = message->envelope;
  wire.recipients.clear();
  wire.recipients.reserve(recipients.size());
  for (const std::uint32_t index : recipients) {
    wire.recipients.push_back(message->envelope.recipients[index]);
  }
  return wire;
}

}  // namespace postern::model
