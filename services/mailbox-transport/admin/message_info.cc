#include "services/mailbox-transport/admin/message_info.h"

#include <algorithm>
#include <cstdio>

#include "common/base/text.h"
#include "common/mail/utf8.h"
#include "services/mailbox-transport/admin/queue_names.h"

namespace postern::admin {

namespace {

constexpr std::size_t kTextBytesMax = 4096;

bool Waits(const model::RecipientState& state) {
  return state.phase == model::Phase::kPending;
}

// All unreachable recipients wait in one queue, whatever routing wrote beside them; so do poison
// ones.
bool IsOf(const model::RecipientState& state, const model::NextHop& hop) {
  const bool special =
      hop.type == model::DeliveryType::kUnreachable || hop.type == model::DeliveryType::kPoison;
  if (special) return state.next_hop.type == hop.type;
  return state.next_hop == hop;
}

// Senders and remotes write what they like; a protobuf string holds UTF-8.
std::string Text(const std::string& text) {
  return mail::CleanText(text, kTextBytesMax);
}

std::string_view StatusOf(const model::RecipientState& state, queue::MessageStatus status) {
  if (!Waits(state)) return state.last_error.empty() ? "Complete" : "Returned";
  return queue::NameOf(status);
}

}  // namespace

absl::StatusOr<MessageIdentity> ParseMessageIdentity(std::string_view text) {
  MessageIdentity identity;
  std::string_view number = text;
  const std::size_t slash = text.rfind('\\');
  if (slash != std::string_view::npos) {
    identity.queue = std::string(text.substr(0, slash));
    number.remove_prefix(slash + 1);
  }
  const auto id = base::MessageId::Parse(number);
  if (!id) {
    return base::Error(absl::StatusCode::kInvalidArgument, "message \"", base::Printable(text),
                       "\": write its number, or Server\\Queue\\number");
  }
  identity.id = *id;
  return identity;
}

bool IsAtRest(const Standing& standing) {
  return standing.ticket.status == queue::MessageStatus::kSuspended || standing.queue == kPoison;
}

queue::TicketView TicketOf(const model::Message& message,
                           const model::NextHop& hop,
                           absl::Time now) {
  queue::TicketView ticket;
  ticket.id = message.id;
  ticket.expires = message.expires;
  ticket.priority = message.priority;
  bool suspended = false;
  for (const model::RecipientState& state : message.recipients) {
    if (!Waits(state) || !IsOf(state, hop)) continue;
    ticket.due = std::max(ticket.due, state.next_attempt);
    suspended = suspended || state.suspended;
  }
  ticket.status = ticket.due > now ? queue::MessageStatus::kRetry : queue::MessageStatus::kReady;
  if (suspended || hop.type == model::DeliveryType::kPoison) {
    ticket.status = queue::MessageStatus::kSuspended;
    ticket.due = absl::InfiniteFuture();
  }
  return ticket;
}

std::string LastErrorOf(const model::Message& message, const Standing& standing) {
  const std::string* last = nullptr;
  for (const model::RecipientState& state : message.recipients) {
    if (Waits(state) && IsOf(state, standing.hop) && !state.last_error.empty()) {
      last = &state.last_error;
    }
  }
  return last == nullptr ? standing.queue_error : *last;
}

std::uint32_t RetryCountOf(const model::Message& message, const Standing& standing) {
  std::uint32_t attempts = 0;
  for (const model::RecipientState& state : message.recipients) {
    if (Waits(state) && IsOf(state, standing.hop)) attempts = std::max(attempts, state.attempts);
  }
  return attempts;
}

std::string_view DeferReasonOf(const model::Message& message, const Standing& standing) {
  return RetryCountOf(message, standing) > 0 ? "Transient Failure" : "None";
}

std::string LatencyText(absl::Duration latency) {
  const std::int64_t hundredths =
      std::max<std::int64_t>(absl::ToInt64Milliseconds(latency) / 10, 0);
  const std::int64_t seconds = hundredths / 100;
  char text[64];
  std::snprintf(text, sizeof text, "%02lld:%02d:%02d.%02d", static_cast<long long>(seconds / 3600),
                static_cast<int>(seconds / 60 % 60), static_cast<int>(seconds % 60),
                static_cast<int>(hundredths % 100));
  return text;
}

v1::MessageInfo ToInfo(const MessageRow& row, bool include_recipients) {
  const model::Message& message = row.message;
  const Standing& standing = row.standing;
  v1::MessageInfo info;
  const std::string queue = base::Cat(row.server, "\\", standing.queue);
  info.set_identity(base::Cat(queue, "\\", message.id.ToString()));
  info.set_queue(queue);
  info.set_from_address(message.envelope.sender.empty() ? "<>" : Text(message.envelope.sender));
  info.set_status(std::string(queue::NameOf(standing.ticket.status)));
  info.set_subject(Text(message.subject));
  info.set_size(message.size);
  info.set_message_source_name(Text(message.source_name));
  info.set_source_ip(message.source_ip);
  info.set_date_received(TimeText(message.accepted));
  info.set_expiration_time(TimeText(message.expires));
  info.set_internet_message_id(Text(message.internet_message_id));
  info.set_next_attempt(TimeText(standing.ticket.due));
  info.set_message_latency(LatencyText(row.now - message.accepted));
  info.set_priority(std::string(model::NameOf(message.priority)));
  info.set_defer_reason(std::string(DeferReasonOf(message, standing)));
  info.set_require_tls(message.envelope.require_tls);
  info.set_retry_count(RetryCountOf(message, standing));
  info.set_last_error(Text(LastErrorOf(message, standing)));
  if (!include_recipients) return info;
  for (std::size_t i = 0; i < message.recipients.size(); ++i) {
    const model::RecipientState& state = message.recipients[i];
    const bool here = Waits(state) && IsOf(state, standing.hop);
    v1::RecipientInfo& recipient = *info.add_recipients();
    recipient.set_address(Text(message.envelope.recipients[i].address));
    recipient.set_status(
        std::string(StatusOf(state, here ? standing.ticket.status : queue::MessageStatus::kReady)));
    recipient.set_last_error(Text(state.last_error));
    recipient.set_type("External");
    recipient.set_final_destination(Text(state.next_hop.domain));
    if (here) recipient.set_queue(queue);
    if (Waits(state)) recipient.set_next_attempt(TimeText(state.next_attempt));
  }
  return info;
}

}  // namespace postern::admin
