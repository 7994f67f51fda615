#include "services/mailbox-transport/model/message.h"

#include <algorithm>
#include <limits>

#include "common/base/text.h"
#include "common/mail/utf8.h"
#include "postern/v1/store.pb.h"
#include "services/mailbox-transport/model/stored_time.h"

namespace postern::model {

std::string LastErrorOf(std::string_view text, std::size_t bytes_max) {
  return std::string(text.substr(0, mail::Utf8Cut(text, bytes_max)));
}

namespace {

// A thread keeps room for a message of so many recipients, some tens of KiB.
constexpr std::size_t kRecipientsReused = 64;

void EncodeEnvelope(const mail::Envelope& envelope, v1::StoredEnvelope& out) {
  out.set_sender(envelope.sender);
  out.set_ret(static_cast<std::uint32_t>(envelope.ret));
  out.set_envid(envelope.envid);
  out.set_body(static_cast<std::uint32_t>(envelope.body));
  out.set_smtputf8(envelope.smtputf8);
  out.set_require_tls(envelope.require_tls);
  out.set_tls_optional(envelope.tls_optional);
  for (const mail::Recipient& recipient : envelope.recipients) {
    v1::StoredEnvelopeRecipient& stored = *out.add_recipients();
    stored.set_address(recipient.address);
    stored.set_notify(recipient.notify);
    stored.set_orcpt(recipient.orcpt);
  }
}

void EncodeNextHop(const NextHop& hop, v1::StoredNextHop& out) {
  out.set_delivery_type(static_cast<std::uint32_t>(hop.type));
  out.set_domain(hop.domain);
  out.set_connector(hop.connector);
}

NextHop DecodeNextHop(const v1::StoredNextHop& stored) {
  NextHop hop;
  hop.type = static_cast<DeliveryType>(stored.delivery_type());
  hop.domain = stored.domain();
  hop.connector = stored.connector();
  return hop;
}

void EncodeRecipient(const RecipientState& state, v1::StoredRecipient& out) {
  out.set_phase(state.phase == Phase::kDone ? v1::PHASE_DONE : v1::PHASE_PENDING);
  EncodeNextHop(state.next_hop, *out.mutable_next_hop());
  out.set_next_attempt_unix_ms(StoredTime(state.next_attempt));
  out.set_attempts(state.attempts);
  out.set_last_error(state.last_error);
  out.set_delay_notified(state.delay_notified);
  out.set_suspended(state.suspended);
}

void EncodeAll(const Message& message, v1::StoredMessage& stored) {
  EncodeEnvelope(message.envelope, *stored.mutable_envelope());
  for (const RecipientState& state : message.recipients) {
    EncodeRecipient(state, *stored.add_recipients());
  }
  stored.set_size(message.size);
  stored.set_original_size(message.original_size);
  stored.set_chunks(message.chunks);
  stored.set_header_bytes(message.header_bytes);
  stored.set_eight_bit(message.eight_bit);
  stored.set_notice(message.notice);
  stored.set_internet_message_id(message.internet_message_id);
  stored.set_subject(message.subject);
  stored.set_source_name(message.source_name);
  stored.set_source_ip(message.source_ip);
  stored.set_identity(message.identity);
  stored.set_idempotency_key(message.idempotency_key);
  stored.set_relay_key(message.relay_key);
  for (const std::string& server : message.servers)
    stored.add_servers(server);
  stored.set_snapshot_version(message.snapshot_version);
  stored.set_accepted_unix_ms(StoredTime(message.accepted));
  stored.set_expires_unix_ms(StoredTime(message.expires));
  stored.set_priority(static_cast<std::uint32_t>(message.priority));
  stored.set_crashes(message.crashes);
}

absl::Status Broken(base::MessageId id, std::string_view rule) {
  return base::Error(absl::StatusCode::kDataLoss, "message ", id.ToString(), ": ", rule);
}

absl::Status DecodeEnvelope(base::MessageId id,
                            const v1::StoredEnvelope& stored,
                            mail::Envelope& out) {
  if (stored.ret() > 2) return Broken(id, "ret is not a known value");
  if (stored.body() > 1) return Broken(id, "body type is not a known value");
  out.sender = stored.sender();
  out.ret = static_cast<mail::Ret>(stored.ret());
  out.envid = stored.envid();
  out.body = static_cast<mail::BodyType>(stored.body());
  out.smtputf8 = stored.smtputf8();
  out.require_tls = stored.require_tls();
  out.tls_optional = stored.tls_optional();
  out.recipients.reserve(static_cast<std::size_t>(stored.recipients_size()));
  for (const v1::StoredEnvelopeRecipient& recipient : stored.recipients()) {
    if (recipient.notify() > 15) return Broken(id, "notify is not a known value");
    out.recipients.push_back(mail::Recipient{
        recipient.address(), static_cast<std::uint8_t>(recipient.notify()), recipient.orcpt()});
  }
  return absl::OkStatus();
}

absl::Status DecodeRecipient(base::MessageId id,
                             const v1::StoredRecipient& stored,
                             RecipientState& out) {
  if (stored.phase() != v1::PHASE_PENDING && stored.phase() != v1::PHASE_DONE) {
    return Broken(id, "phase of a recipient is not a known value");
  }
  if (stored.next_hop().delivery_type() > kDeliveryTypes - 1) {
    return Broken(id, "delivery type of a recipient is not a known value");
  }
  out.phase = stored.phase() == v1::PHASE_DONE ? Phase::kDone : Phase::kPending;
  out.next_hop = DecodeNextHop(stored.next_hop());
  out.next_attempt = stored.next_attempt_unix_ms() == 0 ? absl::InfinitePast()
                                                        : TimeFrom(stored.next_attempt_unix_ms());
  out.attempts = stored.attempts();
  out.last_error = stored.last_error();
  out.delay_notified = stored.delay_notified();
  out.suspended = stored.suspended();
  return absl::OkStatus();
}

}  // namespace

bool Message::settled() const {
  return std::all_of(recipients.begin(), recipients.end(),
                     [](const RecipientState& state) { return state.phase != Phase::kPending; });
}

// The header in which Exchange carries this size is not read: who submits could write it, and a
// large message would pass for a small one. Only a server of ours says it, as a field of its own.
std::uint64_t Message::routed_size() const {
  if (notice) return 0;
  return original_size == 0 ? size : std::min(size, original_size);
}

std::pair<std::string, std::string> KeyOf(const Message& message) {
  if (!message.relay_key.empty()) return {"", message.relay_key};
  return {message.identity, message.idempotency_key};
}

std::string EncodeMessage(const Message& message) {
  if (message.recipients.size() > kRecipientsReused) {
    v1::StoredMessage stored;
    EncodeAll(message, stored);
    return stored.SerializeAsString();
  }
  // Its strings are there already: an allocation for each would be half of the cost.
  thread_local v1::StoredMessage stored;
  stored.Clear();
  EncodeAll(message, stored);
  return stored.SerializeAsString();
}

absl::StatusOr<Message> DecodeMessage(base::MessageId id, std::string_view bytes) {
  v1::StoredMessage stored;
  if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()) ||
      !stored.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Broken(id, "the record is not a message");
  }
  if (stored.recipients_size() != stored.envelope().recipients_size()) {
    return Broken(id, "the states are not as many as the recipients");
  }
  if (stored.priority() > kPriorities - 1) return Broken(id, "priority is not a known value");
  if (stored.recipients_size() == 0) return Broken(id, "the message has no recipients");
  Message message;
  message.id = id;
  if (auto s = DecodeEnvelope(id, stored.envelope(), message.envelope); !s.ok()) return s;
  message.recipients.resize(static_cast<std::size_t>(stored.recipients_size()));
  for (std::size_t i = 0; i < message.recipients.size(); ++i) {
    const v1::StoredRecipient& state = stored.recipients(static_cast<int>(i));
    if (auto s = DecodeRecipient(id, state, message.recipients[i]); !s.ok()) return s;
  }
  message.size = stored.size();
  message.original_size = stored.original_size();
  message.chunks = stored.chunks();
  message.header_bytes = stored.header_bytes();
  message.eight_bit = stored.eight_bit();
  message.notice = stored.notice();
  message.internet_message_id = stored.internet_message_id();
  message.subject = stored.subject();
  message.source_name = stored.source_name();
  message.source_ip = stored.source_ip();
  message.identity = stored.identity();
  message.idempotency_key = stored.idempotency_key();
  message.relay_key = stored.relay_key();
  message.servers.assign(stored.servers().begin(), stored.servers().end());
  message.snapshot_version = stored.snapshot_version();
  message.accepted = TimeFrom(stored.accepted_unix_ms());
  message.expires = TimeFrom(stored.expires_unix_ms());
  message.priority = static_cast<Priority>(stored.priority());
  message.crashes = stored.crashes();
  return message;
}

std::string EncodeSuspension(const NextHop& hop) {
  v1::StoredQueue stored;
  EncodeNextHop(hop, *stored.mutable_next_hop());
  return stored.SerializeAsString();
}

absl::StatusOr<NextHop> DecodeSuspension(std::string_view bytes) {
  v1::StoredQueue stored;
  if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()) ||
      !stored.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) ||
      !stored.has_next_hop() || stored.next_hop().delivery_type() > kDeliveryTypes - 1) {
    return absl::DataLossError("the record is not a suspended queue");
  }
  return DecodeNextHop(stored.next_hop());
}

}  // namespace postern::model
