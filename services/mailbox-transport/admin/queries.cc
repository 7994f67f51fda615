#include "services/mailbox-transport/admin/queries.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/base/text.h"
#include "common/mail/address.h"
#include "services/mailbox-transport/admin/queue_choice.h"
#include "services/mailbox-transport/admin/queue_fields.h"
#include "services/mailbox-transport/route/explain.h"

namespace postern::admin {

namespace {

constexpr std::string_view kTypeLetters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

absl::Status NoDirectory() {
  return absl::UnavailableError("the directory is not loaded yet");
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

void Sort(const SortOrder& order, std::string_view server, std::vector<NamedQueue>& queues) {
  if (order.empty()) return;
  using Keyed = std::pair<SortOrder::Key, NamedQueue>;
  std::vector<Keyed> keyed;
  keyed.reserve(queues.size());
  for (NamedQueue& queue : queues) {
    SortOrder::Key key =
        order.KeyOf([&](std::size_t field) { return QueueField(field, queue, server); });
    keyed.emplace_back(std::move(key), std::move(queue));
  }
  std::stable_sort(keyed.begin(), keyed.end(), [&order](const Keyed& a, const Keyed& b) {
    return order.Compare(a.first, b.first) < 0;
  });
  queues.clear();
  for (Keyed& one : keyed)
    queues.push_back(std::move(one.second));
}

absl::StatusOr<std::size_t> PlaceOf(std::string_view bookmark,
                                    std::string_view server,
                                    const std::vector<NamedQueue>& queues) {
  const auto name = QueueFilter::Parse(bookmark, server);
  if (!name.ok()) return base::Annotate(name.status(), "bookmark");
  const auto found = std::find_if(queues.begin(), queues.end(),
                                  [&](const NamedQueue& queue) { return name->Fits(queue); });
  if (found != queues.end() && !name->all()) {
    return static_cast<std::size_t>(found - queues.begin());
  }
  return base::Error(absl::StatusCode::kNotFound, "bookmark \"", base::Printable(bookmark),
                     "\": there is no such queue among these");
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

io::Task<absl::Status> Queries::Queues(const v1::GetQueueRequest& request,
                                       v1::GetQueueResponse& response) {
  const auto state = co_await AskQueues(pipeline_);
  if (!state.ok()) co_return state.status();
  absl::AnyInvocable<absl::Status()> show = [&, queues = (*state)->queues()]() mutable {
    return Show(request, std::move(queues), response);
  };
  co_return co_await io::OnDisk<absl::Status>(disk_, std::move(show));
}

absl::Status Queries::Show(const v1::GetQueueRequest& request,
                           std::vector<NamedQueue> queues,
                           v1::GetQueueResponse& response) const {
  const std::string& server = pipeline_.server();
  const auto page = PageQuery::Of(request.page());
  if (!page.ok()) return page.status();
  const auto order = SortOrder::Parse(request.page().sort_order(), QueueFields(), "queue");
  if (!order.ok()) return order.status();
  QueueTerms terms{request.identity(),
                   request.filter(),
                   {request.include().begin(), request.include().end()},
                   {request.exclude().begin(), request.exclude().end()}};
  const auto choice = QueueChoice::Parse(terms, server);
  if (!choice.ok()) return choice.status();
  NameTlsDomains(pipeline_, queues);
  auto chosen = choice->Chosen(std::move(queues));
  if (!chosen.ok()) return chosen.status();
  Sort(*order, server, *chosen);
  std::optional<std::size_t> bookmark;
  if (!page->bookmark.empty()) {
    const auto place = PlaceOf(page->bookmark, server, *chosen);
    if (!place.ok()) return place.status();
    bookmark = *place;
  }
  const PageQuery::Part part = page->PartOf(chosen->size(), bookmark);
  for (const std::size_t place : part.places)
    *response.add_queues() = ToInfo((*chosen)[place], server);
  response.set_truncated(part.truncated);
  if (page->counts) {
    response.mutable_page_info()->set_total(chosen->size());
    response.mutable_page_info()->set_first(part.first);
  }
  return absl::OkStatus();
}

io::Task<absl::Status> Queries::Messages(const v1::GetMessageRequest& request,
                                         v1::GetMessageResponse& response,
                                         absl::AnyInvocable<bool()> cancelled) {
  co_return co_await messages_.Answer(request, response, std::move(cancelled));
}

}  // namespace postern::admin
