#include "services/mailbox-transport/admin/queries.h"

#include <algorithm>
#include <set>
#include <utility>

#include "common/base/text.h"
#include "common/io/completion.h"
#include "common/mail/address.h"
#include "services/mailbox-transport/route/explain.h"

namespace postern::admin {

namespace {

constexpr absl::Duration kShardTimeout = absl::Seconds(30);
constexpr std::size_t kSliceMessages = 64;
constexpr std::string_view kTypeLetters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

absl::Status NoDirectory() {
  return absl::UnavailableError("the directory is not loaded yet");
}

absl::Status Silent() {
  return absl::UnavailableError("a part of the queue does not answer, try again");
}

absl::StatusOr<std::size_t> ResultSize(const v1::GetMessageRequest& request) {
  if (request.result_size() == 0) return AdminService::kResultsDefault;
  if (request.result_size() <= AdminService::kResultsMax) return request.result_size();
  return base::Error(absl::StatusCode::kInvalidArgument, "result_size: ", request.result_size(),
                     ": at most ", AdminService::kResultsMax);
}

// "local@domain", or "TYPE:address". A type is a word before the first colon, which no mailbox
// begins with.
absl::StatusOr<route::RecipientQuery> RouteQueryOf(const std::string& recipient) {
  route::RecipientQuery query;
  query.address = recipient;
  const auto colon = recipient.find(':');
  const std::string_view word = std::string_view(recipient).substr(0, colon);
  const bool typed = colon != std::string::npos && !word.empty() &&
                     word.find_first_not_of(kTypeLetters) == std::string_view::npos;
  if (typed) {
    query.type = base::UpperAscii(word);
    query.address = recipient.substr(colon + 1);
  }
  if (query.type != "SMTP") {
    if (query.address.size() <= mail::kMailboxBytesMax) return query;
    return base::Error(absl::StatusCode::kInvalidArgument, "an address has at most ",
                       mail::kMailboxBytesMax, " bytes");
  }
  const auto mailbox = mail::ParseMailbox(query.address, /*utf8=*/true);
  if (!mailbox.ok()) return mailbox.status();
  return query;
}

// Takes over what fits; false when the answer is full.
bool Append(std::vector<v1::MessageInfo> infos,
            std::size_t most,
            std::size_t& bytes,
            v1::GetMessageResponse& response) {
  for (v1::MessageInfo& info : infos) {
    bytes += info.ByteSizeLong();
    if (static_cast<std::size_t>(response.messages_size()) == most ||
        bytes > AdminService::kResponseBytesMax) {
      response.set_truncated(true);
      return false;
    }
    response.add_messages()->Swap(&info);
  }
  return true;
}

}  // namespace

absl::Status Queries::Route(const v1::TestRouteRequest& request,
                            v1::TestRouteResponse& response) const {
  const pipeline::RouteTablePtr table = pipeline_.router().table();
  if (table == nullptr) return NoDirectory();
  auto query = RouteQueryOf(request.recipient());
  if (!query.ok()) return base::Annotate(query.status(), "recipient");
  query->size = request.size();
  response = route::ToResponse(route::Explain(*table, *query));
  return absl::OkStatus();
}

template <typename T>
io::Task<std::optional<T>> Queries::On(pipeline::Shard& shard, absl::AnyInvocable<T()> ask) {
  auto done = std::make_shared<io::Completion<T>>(*io::Executor::Current());
  shard.executor().Post([done, ask = std::move(ask)]() mutable { done->Set(ask()); });
  co_return co_await done->Until(kShardTimeout);
}

io::Task<absl::StatusOr<std::vector<NamedQueue>>> Queries::AllQueues() {
  using Views = std::vector<queue::QueueView>;
  std::vector<Views> views;
  for (const auto& shard : pipeline_.shards()) {
    absl::AnyInvocable<Views()> ask = [at = shard.get()] { return at->queue().Queues(); };
    std::optional<Views> got = co_await On<Views>(*shard, std::move(ask));
    if (!got) co_return Silent();
    views.push_back(std::move(*got));
  }
  co_return NameQueues(std::move(views));
}

io::Task<absl::Status> Queries::Queues(const v1::GetQueueRequest& request,
                                       v1::GetQueueResponse& response) {
  auto queues = co_await AllQueues();
  if (queues.ok()) queues = Filtered(std::move(*queues), request.identity(), pipeline_.server());
  if (!queues.ok()) co_return queues.status();
  for (const NamedQueue& queue : *queues)
    *response.add_queues() = ToInfo(queue, pipeline_.server());
  co_return absl::OkStatus();
}

io::Task<absl::Status> Queries::Messages(const v1::GetMessageRequest& request,
                                         v1::GetMessageResponse& response,
                                         absl::AnyInvocable<bool()> cancelled) {
  const auto most = ResultSize(request);
  if (!most.ok()) co_return most.status();
  if (!request.identity().empty()) co_return co_await OneMessage(request, response);
  auto queues = co_await AllQueues();
  if (queues.ok()) queues = Filtered(std::move(*queues), request.queue(), pipeline_.server());
  if (!queues.ok()) co_return queues.status();
  using Tickets = std::vector<queue::TicketView>;
  std::size_t bytes = 0;
  for (const NamedQueue& queue : *queues) {
    if (queue.view.message_count == 0) continue;
    const std::size_t left = *most - static_cast<std::size_t>(response.messages_size()) + 1;
    pipeline::Shard& shard = *pipeline_.shards()[queue.shard];
    absl::AnyInvocable<Tickets()> ask = [&shard, left, hop = queue.view.hop] {
      return shard.queue().Tickets(hop, left);
    };
    const std::optional<Tickets> tickets = co_await On<Tickets>(shard, std::move(ask));
    if (!tickets) co_return Silent();
    for (std::size_t from = 0; from < tickets->size(); from += kSliceMessages) {
      if (cancelled()) co_return absl::CancelledError("the caller has gone");
      std::vector<Standing> slice;
      for (std::size_t i = from; i < std::min(from + kSliceMessages, tickets->size()); ++i)
        slice.push_back({queue.view.hop, queue.name, (*tickets)[i], queue.view.last_error});
      absl::AnyInvocable<Infos()> read = [this, slice = std::move(slice),
                                          with = request.include_recipients()] {
        return Read(slice, with);
      };
      Infos infos = co_await io::OnDisk<Infos>(disk_, std::move(read));
      if (!Append(std::move(infos), *most, bytes, response)) co_return absl::OkStatus();
    }
  }
  co_return absl::OkStatus();
}

Queries::Infos Queries::Read(const std::vector<Standing>& slice, bool include_recipients) const {
  Infos infos;
  for (const Standing& standing : slice) {
    auto message = pipeline_.store().Load(standing.ticket.id);
    if (message.ok()) {
      infos.push_back(ToInfo(*message, standing, pipeline_.server(), include_recipients));
    } else if (!absl::IsNotFound(message.status())) {
      model::Message damaged;
      damaged.id = standing.ticket.id;
      infos.push_back(ToInfo(damaged, standing, pipeline_.server(), false));
      infos.back().set_last_error(message.status().ToString());
    }
  }
  return infos;
}

// One row for each queue that the message waits in.
Queries::Infos Queries::InfosOf(const model::Message& message,
                                const std::vector<NamedQueue>& queues,
                                const v1::GetMessageRequest& request,
                                std::string_view only) const {
  std::set<model::NextHop> hops;
  for (const model::RecipientState& state : message.recipients) {
    if (state.phase != model::Phase::kPending) continue;
    const bool unreachable = state.next_hop.type == model::DeliveryType::kUnreachable;
    model::NextHop lost;
    lost.type = model::DeliveryType::kUnreachable;
    hops.insert(unreachable ? lost : state.next_hop);
  }
  Infos infos;
  for (const model::NextHop& hop : hops) {
    Standing standing;
    standing.hop = hop;
    standing.queue = hop.domain;
    standing.ticket = TicketOf(message, hop, clock_.Now());
    bool wanted = only.empty();
    const auto filter = QueueFilter::Parse(only, pipeline_.server());
    for (const NamedQueue& queue : queues) {
      const bool same = hop.type == model::DeliveryType::kUnreachable ? queue.name == kUnreachable
                                                                      : queue.view.hop == hop;
      if (!same) continue;
      standing.queue = queue.name;
      standing.queue_error = queue.view.last_error;
      if (queue.view.status == queue::QueueStatus::kRetry) {
        standing.ticket.status = queue::MessageStatus::kRetry;
        standing.ticket.due = std::max(standing.ticket.due, queue.view.next_retry_time);
      }
      wanted = wanted || (filter.ok() && filter->Fits(queue));
    }
    if (!wanted) continue;
    infos.push_back(ToInfo(message, standing, pipeline_.server(), request.include_recipients()));
  }
  return infos;
}

io::Task<absl::Status> Queries::OneMessage(const v1::GetMessageRequest& request,
                                           v1::GetMessageResponse& response) {
  auto identity = ParseMessageIdentity(request.identity());
  if (!identity.ok()) co_return identity.status();
  auto queues = co_await AllQueues();
  if (!queues.ok()) co_return queues.status();
  using Loaded = absl::StatusOr<model::Message>;
  absl::AnyInvocable<Loaded()> load = [this, id = identity->id] {
    return pipeline_.store().Load(id);
  };
  const Loaded message = co_await io::OnDisk<Loaded>(disk_, std::move(load));
  if (!message.ok() && !absl::IsNotFound(message.status())) co_return message.status();
  if (message.ok()) {
    const std::string& only = request.queue().empty() ? identity->queue : request.queue();
    for (v1::MessageInfo& info : InfosOf(*message, *queues, request, only))
      response.add_messages()->Swap(&info);
  }
  if (response.messages_size() == 0) {
    co_return base::Error(absl::StatusCode::kNotFound, "message \"",
                          base::Printable(request.identity()), "\": it is in no queue of ",
                          pipeline_.server(), " (delivered, returned, or never here)");
  }
  co_return absl::OkStatus();
}

}  // namespace postern::admin
