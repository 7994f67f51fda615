#include "services/mailbox-transport/model/relayed.h"

#include "common/base/text.h"
#include "common/tls/digest.h"
#include "services/mailbox-transport/model/stored_time.h"

namespace postern::model {

namespace {

constexpr std::size_t kKeyBytes = 16;
constexpr std::size_t kNameBytesMax = 255;

template <typename... Parts>
absl::Status Invalid(const Parts&... parts) {
  return base::Error(absl::StatusCode::kInvalidArgument, parts...);
}

absl::Status TakeRecipients(const v1::RelayedMessage& relayed, Message& message) {
  for (const v1::RelayedRecipient& each : relayed.recipients()) {
    if (each.notify() > 15) return Invalid("recipients.notify: is not a known value");
    message.envelope.recipients.push_back(
        {each.address(), static_cast<std::uint8_t>(each.notify()), each.orcpt()});
    RecipientState& state = message.recipients.emplace_back();
    state.attempts = each.attempts();
    state.last_error = each.last_error();
    state.delay_notified = each.delay_notified();
    state.suspended = each.suspended();
    if (relayed.poison()) state.next_hop = PoisonHop();
  }
  return absl::OkStatus();
}

absl::Status CheckServers(const v1::RelayedMessage& relayed) {
  if (relayed.servers().empty()) return Invalid("servers: the one that relays it is missing");
  if (static_cast<std::size_t>(relayed.servers_size()) > kRelaysMax) {
    return base::Error(absl::StatusCode::kFailedPrecondition, "servers: the message was relayed ",
                       relayed.servers_size(), " times, at most ", kRelaysMax, " are allowed");
  }
  for (const std::string& name : relayed.servers()) {
    if (name.empty() || name.size() > kNameBytesMax) {
      return Invalid("servers: a name has 1 to ", kNameBytesMax, " bytes");
    }
  }
  return absl::OkStatus();
}

}  // namespace

v1::RelayedMessage ToRelayed(const Batch& batch,
                             std::string_view database,
                             std::string_view server) {
  const Message& message = *batch.message;
  v1::RelayedMessage out;
  out.set_origin_database(std::string(database));
  out.set_origin_id(message.id.value);
  out.set_sender(message.envelope.sender);
  for (const std::uint32_t index : batch.recipients) {
    const mail::Recipient& recipient = message.envelope.recipients[index];
    const RecipientState& state = message.recipients[index];
    v1::RelayedRecipient& each = *out.add_recipients();
    each.set_address(recipient.address);
    each.set_notify(recipient.notify);
    each.set_orcpt(recipient.orcpt);
    each.set_attempts(state.attempts);
    each.set_last_error(LastErrorOf(state.last_error, kLastErrorBytesRelayed));
    each.set_delay_notified(state.delay_notified);
    each.set_suspended(batch.suspended || state.suspended);
  }
  out.set_ret(static_cast<v1::Ret>(message.envelope.ret));
  out.set_envid(message.envelope.envid);
  out.set_body(static_cast<v1::BodyType>(message.envelope.body));
  out.set_smtputf8(message.envelope.smtputf8);
  out.set_require_tls(message.envelope.require_tls);
  out.set_tls_optional(message.envelope.tls_optional);
  out.set_size(message.size);
  out.set_original_size(message.original_size == 0 ? message.size : message.original_size);
  out.set_notice(message.notice);
  out.set_priority(static_cast<std::uint32_t>(message.priority));
  out.set_poison(batch.next_hop.type == DeliveryType::kPoison);
  out.set_crashes(message.crashes);
  out.set_accepted_unix_ms(StoredTime(message.accepted));
  out.set_expires_unix_ms(StoredTime(message.expires));
  for (const std::string& name : message.servers)
    out.add_servers(name);
  out.add_servers(std::string(server));
  out.set_source_name(message.source_name);
  out.set_source_ip(message.source_ip);
  out.set_identity(message.identity);
  return out;
}

absl::StatusOr<Message> FromRelayed(const v1::RelayedMessage& relayed) {
  if (relayed.origin_database().empty() || relayed.origin_id() == 0) {
    return Invalid("origin_database, origin_id: which message it is, is missing");
  }
  if (relayed.size() == 0) return Invalid("size: a message is not empty");
  if (relayed.ret() > v1::RET_HDRS || relayed.ret() < 0) return Invalid("ret: is not known");
  if (relayed.body() > v1::BODY_8BITMIME || relayed.body() < 0) {
    return Invalid("body: is not known");
  }
  if (relayed.priority() >= kPriorities) return Invalid("priority: is not known");
  if (absl::Status servers = CheckServers(relayed); !servers.ok()) return servers;
  Message message;
  message.envelope.sender = relayed.sender();
  message.envelope.ret = static_cast<mail::Ret>(relayed.ret());
  message.envelope.envid = relayed.envid();
  message.envelope.body = static_cast<mail::BodyType>(relayed.body());
  message.envelope.smtputf8 = relayed.smtputf8();
  message.envelope.require_tls = relayed.require_tls();
  message.envelope.tls_optional = relayed.tls_optional() && !relayed.require_tls();
  if (absl::Status taken = TakeRecipients(relayed, message); !taken.ok()) return taken;
  if (absl::Status good = mail::CheckEnvelope(message.envelope); !good.ok()) return good;
  message.size = relayed.size();
  message.original_size = relayed.original_size();
  message.notice = relayed.notice();
  message.priority = static_cast<Priority>(relayed.priority());
  message.crashes = relayed.crashes();
  message.accepted = TimeFrom(relayed.accepted_unix_ms());
  message.expires = TimeFrom(relayed.expires_unix_ms());
  message.servers.assign(relayed.servers().begin(), relayed.servers().end());
  message.source_name = relayed.source_name();
  message.source_ip = relayed.source_ip();
  message.identity = relayed.identity();
  message.relay_key = RelayKeyOf(relayed);
  return message;
}

std::string RelayKeyOf(const v1::RelayedMessage& relayed) {
  tls::Sha256 hash;
  // Each text with its length before it, so that no two lists give the same bytes.
  const auto add = [&hash](std::string_view text) {
    hash.Update(base::Cat(text.size(), ':'));
    hash.Update(text);
  };
  add(relayed.origin_database());
  add(base::Cat(relayed.origin_id()));
  for (const v1::RelayedRecipient& each : relayed.recipients())
    add(each.address());
  return base::Hex(std::string_view(hash.Finish()).substr(0, kKeyBytes));
}

}  // namespace postern::model
