// What an answer means (a server's own answer is marked as such):
//
//   receipt                                                   delivered
//   its own: UNAVAILABLE, RESOURCE_EXHAUSTED, and what says   the next server
//     that it is not set up for us
//   its own: everything else                                  refused for good, in its words
//   the connection's, before it had all of the message        the next server
//   the connection's, afterwards                              nobody knows: ambiguous

#include "services/mailbox-transport/deliver/relay.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"

#include "common/base/text.h"
#include "common/io/fiber.h"
#include "common/mail/enhanced_status.h"
#include "services/mailbox-transport/model/relayed.h"

namespace postern::deliver {

namespace {

// "554 5.4.6 text", as a server of ours writes it; nothing when it is not of that form.
std::optional<mail::Reply> ReplyIn(std::string_view words) {
  const auto code = base::ParseUnsigned(words.substr(0, 3));
  if (!code || *code < 400 || *code > 599 || words.size() < 5 || words[3] != ' ') {
    return std::nullopt;
  }
  return mail::Reply{static_cast<int>(*code), {std::string(words.substr(4))}};
}

void Everyone(smtp::Outcome& outcome, const smtp::RecipientResult& result) {
  std::fill(outcome.recipients.begin(), outcome.recipients.end(), result);
}

void Replied(smtp::Outcome& outcome, const std::string& host, mail::Reply reply) {
  smtp::RecipientResult result;
  result.origin = smtp::Origin::kRemote;
  result.reply = std::move(reply);
  result.host = host;
  Everyone(outcome, result);
}

void Failed(smtp::Outcome& outcome,
            smtp::Origin origin,
            absl::Status error,
            mail::EnhancedStatus enhanced) {
  smtp::RecipientResult result;
  result.origin = origin;
  result.error = std::move(error);
  result.enhanced = enhanced;
  Everyone(outcome, result);
}

// Whether another server may take what this one did not.
bool ForNow(const absl::Status& own_answer) {
  switch (own_answer.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
      return false;
    default:
      return true;
  }
}

// A server that knows us not, or no relay, has not looked at the message.
bool NotSetUp(const absl::Status& status) {
  return absl::IsUnimplemented(status) || absl::IsUnauthenticated(status) ||
         absl::IsPermissionDenied(status);
}

smtp::Outcome NotTried(std::size_t recipients, smtp::Origin origin, absl::Status why) {
  return smtp::Outcome::Failed(recipients, origin, std::move(why),
                               mail::transient::kNoAnswerFromHost);
}

}  // namespace

bool NoteAnswer(const model::RelayServer& server,
                const rpc::RelayAnswer& answer,
                smtp::Outcome& outcome) {
  smtp::HostTried& tried = outcome.hosts.emplace_back();
  tried.host = server.name;
  tried.address = server.address;
  tried.stage = answer.begun ? smtp::Stage::kBody : smtp::Stage::kConnect;
  tried.error = answer.status;
  if (answer.status.ok()) {
    outcome.body_ended = true;
    tried.reply = mail::Reply{250,
                              {base::Cat("2.0.0 ", base::Printable(answer.receipt.message_id()),
                                         answer.receipt.repeated() ? " is with " : " taken by ",
                                         base::Printable(answer.receipt.server()))}};
    Replied(outcome, server.name, *tried.reply);
    return true;
  }
  if (answer.answered) {
    tried.reply = ReplyIn(base::MessageOf(answer.status));
    tried.stage = smtp::Stage::kMail;
    if (ForNow(answer.status)) {
      Failed(outcome, smtp::Origin::kConnect, base::Annotate(answer.status, server.name),
             mail::transient::kNoAnswerFromHost);
      return false;
    }
    const mail::Reply refusal =
        tried.reply.value_or(mail::Reply{550, {std::string(base::MessageOf(answer.status))}});
    Replied(outcome, server.name, refusal);
    return true;
  }
  const absl::Status error = base::Annotate(answer.status, base::Cat("relay to ", server.name));
  Failed(outcome, smtp::Origin::kConnect, error, mail::transient::kNoAnswerFromHost);
  if (NotSetUp(answer.status)) {
    tried.stage = smtp::Stage::kConnect;
    return false;
  }
  if (!answer.handed_over) return absl::IsCancelled(answer.status);
  outcome.body_ended = outcome.ambiguous = true;
  return true;
}

absl::Status HandedOver(const smtp::Outcome& outcome) {
  for (const smtp::RecipientResult& one : outcome.recipients) {
    if (one.delivered()) continue;
    const std::string said = one.Said();
    return absl::UnavailableError(said.empty() ? "nothing was tried" : said);
  }
  return absl::OkStatus();
}

void Relay::SetServers(const std::vector<std::string>& addresses) {
  std::erase_if(clients_, [&](const auto& each) {
    return std::find(addresses.begin(), addresses.end(), each.first) == addresses.end();
  });
}

absl::StatusOr<rpc::RelayClient*> Relay::ClientOf(const std::string& address) {
  const auto known = clients_.find(address);
  if (known != clients_.end()) return known->second.get();
  auto made = rpc::RelayClient::Make(parts_.rpc, address, *parts_.settings.relay_connect_timeout);
  if (!made.ok()) return made.status();
  return clients_.emplace(address, *std::move(made)).first->second.get();
}

io::Task<smtp::Outcome> Relay::Attempt(const model::Batch& batch,
                                       const model::RelayPlan& plan,
                                       smtp::BodySource& body,
                                       absl::Time until) {
  const std::size_t recipients = batch.recipients.size();
  if (batch.message->servers.size() >= model::kRelaysMax) {
    co_return smtp::Outcome::Failed(
        recipients, smtp::Origin::kLocal,
        base::Error(absl::StatusCode::kFailedPrecondition, "hop count exceeded - possible mail ",
                    "loop: the message was relayed ", batch.message->servers.size(), " times"),
        mail::permanent::kRoutingLoopDetected);
  }
  const RelayOrder order = InOrder(plan, *batch.message, absl::Now());
  if (order.later) co_return NotTried(recipients, smtp::Origin::kNone, absl::OkStatus());
  if (order.servers.empty() && plan.groups.empty()) {
    co_return NotTried(recipients, smtp::Origin::kConnect,
                       absl::UnavailableError("no server can be relayed to"));
  }
  if (order.servers.empty()) {
    co_return NotTried(recipients, smtp::Origin::kLocal,
                       absl::UnavailableError("every server on the way has had the message"));
  }
  const absl::Time started = absl::Now();
  const absl::Time deadline = std::min(started + *parts_.settings.attempt_timeout, until);
  const v1::RelayedMessage message = model::ToRelayed(batch, parts_.database, parts_.server);
  smtp::Outcome outcome;
  outcome.recipients.resize(recipients);
  // The peer reports from here on: a relay of our own is no end of its duty (RFC 3461 §5.2.2).
  outcome.keywords = {"DSN"};
  for (const model::RelayServer& server : order.servers) {
    const absl::Duration within = std::min(*parts_.settings.relay_timeout, deadline - absl::Now());
    if (within <= absl::ZeroDuration()) break;
    const bool done = co_await TryServer(server, message, body, within, outcome);
    if (done || io::Fiber::Current()->cancelled()) break;
  }
  outcome.total_ms = smtp::Milliseconds(absl::Now() - started);
  co_return outcome;
}

// Hands over the whole content in pieces of at most one chunk; the status is that of reading it.
io::Task<absl::Status> Relay::SendContent(rpc::RelayCall& call,
                                          const v1::RelayedMessage& message,
                                          smtp::BodySource& body) {
  const absl::Status rewound = co_await body.Rewind();
  if (!rewound.ok()) co_return rewound;
  std::uint64_t sent = 0;
  while (sent < body.size()) {
    const auto next = co_await body.Next();
    if (!next.ok()) co_return next.status();
    if (next->empty()) co_return absl::DataLossError("the content is shorter than its size");
    for (std::string_view rest = *next; !rest.empty();) {
      const std::string_view piece = rest.substr(0, model::kChunkBytes);
      rest.remove_prefix(piece.size());
      v1::RelayRequest frame;
      if (sent == 0) *frame.mutable_message() = message;
      frame.set_content(std::string(piece));
      sent += piece.size();
      const bool last = sent >= body.size();
      const bool went = co_await call.Send(std::move(frame), last);
      if (!went || last) co_return absl::OkStatus();
    }
  }
  co_return absl::OkStatus();
}

io::Task<bool> Relay::TryServer(const model::RelayServer& server,
                                const v1::RelayedMessage& message,
                                smtp::BodySource& body,
                                absl::Duration within,
                                smtp::Outcome& outcome) {
  rpc::RelayAnswer answer;
  const auto client = ClientOf(server.address);
  if (!client.ok()) {
    answer.status = client.status();
    co_return NoteAnswer(server, answer, outcome);
  }
  const auto call = (*client)->Begin(parts_.executor, within);
  const absl::Status read = co_await SendContent(*call, message, body);
  answer = co_await call->Finish();
  if (!read.ok()) {  // our own store: no other server would change that
    Failed(outcome, smtp::Origin::kLocal, read, mail::transient::kOtherMailSystemStatus);
    co_return true;
  }
  // Only a stop of ours is no attempt.
  if (absl::IsCancelled(answer.status) && !io::Fiber::Current()->cancelled()) {
    answer.status = base::Error(absl::StatusCode::kUnavailable, base::MessageOf(answer.status));
  }
  if (answer.status.ok()) outcome.bytes_sent += body.size();
  co_return NoteAnswer(server, answer, outcome);
}

}  // namespace postern::deliver
