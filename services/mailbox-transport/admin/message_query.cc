#include "services/mailbox-transport/admin/message_query.h"

#include <algorithm>
#include <utility>

#include "common/base/text.h"

namespace postern::admin {

namespace {

using Sliced = absl::StatusOr<MessageWalk::Slice>;

constexpr absl::Duration kWrittenWithin = absl::Seconds(5);

std::set<std::string> NamesOf(const std::vector<NamedQueue>& queues) {
  std::set<std::string> names;
  for (const NamedQueue& queue : queues)
    names.insert(queue.name);
  return names;
}

// The queues that a value of a filter means, by every name that -Queue takes.
std::set<std::string> NamesOf(const FieldValue& value,
                              const QueueState& state,
                              std::string_view server) {
  const std::string_view text = TextIn(value);
  const auto meant = QueueFilter::Parse(text, server);
  if (!meant.ok() || meant->all()) return {};
  std::set<std::string> names;
  for (const NamedQueue& queue : state.queues()) {
    if (meant->Fits(queue)) names.insert(queue.name);
  }
  // A message whose queue has just gone is shown under the domain.
  names.emplace(text.substr(text.rfind('\\') + 1));
  return names;
}

// The message that a value of a filter means, in every form that -Identity takes; its queue, when
// one is named, becomes a condition of its own.
absl::Status TakeIdentityConditions(std::vector<FieldValue>& queues, MessageWalk::Terms& terms) {
  static const std::size_t field = *FindField(MessageFields(), "Identity", "message");
  for (const FieldValue& value : terms.filter.Take(field, Condition::Operator::kEq)) {
    auto meant = ParseMessageIdentity(TextIn(value));
    if (!meant.ok()) return base::Annotate(meant.status(), "filter");
    const bool other = terms.ids && *terms.ids != std::vector<base::MessageId>{meant->id};
    terms.ids = other ? std::vector<base::MessageId>() : std::vector<base::MessageId>{meant->id};
    const bool any = meant->queue.empty() || meant->queue.ends_with('*');
    if (!any) queues.emplace_back(std::move(meant->queue));
  }
  return absl::OkStatus();
}

// A condition on the queue is one on its identity, which has several forms.
void TakeQueueConditions(const QueueState& state,
                         std::string_view server,
                         std::vector<FieldValue> queues,
                         MessageWalk::Terms& terms) {
  static const std::size_t field = *FindField(MessageFields(), "Queue", "message");
  for (FieldValue& value : terms.filter.Take(field, Condition::Operator::kEq))
    queues.push_back(std::move(value));
  for (const FieldValue& value : queues) {
    std::set<std::string> names = NamesOf(value, state, server);
    if (terms.queues) {
      std::erase_if(names, [&](const std::string& name) { return !terms.queues->contains(name); });
    }
    terms.queues = std::move(names);
  }
  for (const FieldValue& value : terms.filter.Take(field, Condition::Operator::kNe))
    terms.other_queues.merge(NamesOf(value, state, server));
}

absl::Status Gone() {
  return absl::CancelledError("the caller has gone");
}

// "+Identity" and "-Identity" need no sorting.
bool IsByIdentity(const SortOrder& order, bool& down) {
  static const std::size_t field = *FindField(MessageFields(), "Identity", "message");
  if (order.empty()) return true;
  down = order.parts().front().down;
  return order.parts().front().field == field;
}

}  // namespace

absl::StatusOr<RowPlace> PlaceOfIdentity(std::string_view text) {
  const auto identity = ParseMessageIdentity(text);
  if (!identity.ok()) return identity.status();
  const std::string& queue = identity->queue;
  return RowPlace{identity->id.value, QueueRank(queue.substr(queue.rfind('\\') + 1))};
}

absl::Status NoSuchMessage(std::string_view identity, std::string_view server) {
  return base::Error(absl::StatusCode::kNotFound, "message \"", base::Printable(identity),
                     "\": it is in no queue of ", server, " (delivered, returned, or never here)");
}

namespace {

io::Task<absl::StatusOr<ChosenMessages>> Choose(pipeline::Pipeline& pipeline, MessageTerms terms) {
  ChosenMessages chosen;
  auto filter = Filter::Parse(terms.filter, MessageFields(), "message");
  if (!filter.ok()) co_return filter.status();
  std::string queue = terms.queue;
  if (!terms.identity.empty()) {
    if (!filter->empty()) {
      co_return absl::InvalidArgumentError("give an identity or a filter, not both");
    }
    const auto identity = ParseMessageIdentity(terms.identity);
    if (!identity.ok()) co_return identity.status();
    if (queue.empty()) queue = identity->queue;
    chosen.terms.ids = std::vector<base::MessageId>{identity->id};
  }
  chosen.terms.filter = *std::move(filter);
  std::vector<FieldValue> named_queues;
  absl::Status named = TakeIdentityConditions(named_queues, chosen.terms);
  if (!named.ok()) co_return named;
  auto queues = co_await AskQueues(pipeline);
  if (!queues.ok()) co_return queues.status();
  chosen.queues = *queues;
  chosen.total = chosen.queues->message_count();
  const auto choice = QueueFilter::Parse(queue, pipeline.server());
  if (!choice.ok()) co_return choice.status();
  auto fitting = Filtered(chosen.queues->queues(), queue, pipeline.server());
  if (!fitting.ok() && !terms.identity.empty()) {
    co_return NoSuchMessage(terms.identity, pipeline.server());
  }
  if (!fitting.ok()) co_return fitting.status();
  if (!choice->all()) chosen.terms.queues = NamesOf(*fitting);
  TakeQueueConditions(*chosen.queues, pipeline.server(), std::move(named_queues), chosen.terms);
  if (!chosen.terms.queues || chosen.terms.ids) co_return chosen;
  std::erase_if(*fitting, [&chosen](const NamedQueue& one) {
    return !chosen.terms.queues->contains(one.name);
  });
  // What a filter names need not be there.
  if (fitting->empty()) co_return chosen;
  auto ids = co_await AskIds(pipeline, *std::move(fitting));
  if (!ids.ok()) co_return ids.status();
  chosen.terms.ids = *std::move(ids);
  if (chosen.terms.ids) chosen.total = chosen.terms.ids->size();
  co_return chosen;
}

}  // namespace

io::Task<absl::StatusOr<ChosenMessages>> ChooseMessages(pipeline::Pipeline& pipeline,
                                                        MessageTerms terms) {
  auto chosen = co_await Choose(pipeline, std::move(terms));
  if (!chosen.ok()) co_return chosen.status();
  // The queues know at once what the store is told a little later.
  auto written = std::make_shared<io::Completion<absl::Status>>(*io::Executor::Current());
  pipeline.store().WhenWritten([written](absl::Status status) { written->Set(std::move(status)); });
  // While the disk is full or slow the messages are shown as the store has them.
  co_await written->Until(kWrittenWithin);
  co_return chosen;
}

absl::StatusOr<MessageQuery::Asked> MessageQuery::Understood(const v1::GetMessageRequest& request) {
  v1::Page page = request.page();
  if (page.result_size() == 0) page.set_result_size(request.result_size());
  auto query = PageQuery::Of(page);
  if (!query.ok()) return query.status();
  auto order = SortOrder::Parse(page.sort_order(), MessageFields(), "message");
  if (!order.ok()) return order.status();
  Asked asked{.page = *std::move(query), .order = *std::move(order)};
  bool descending = false;
  asked.in_order = IsByIdentity(asked.order, descending);
  asked.down = asked.page.backward != descending;
  if (!asked.in_order && request.has_resume()) {
    return absl::InvalidArgumentError("resume: a sorted page is one answer");
  }
  return asked;
}

io::Task<absl::Status> MessageQuery::Answer(const v1::GetMessageRequest& request,
                                            v1::GetMessageResponse& response,
                                            absl::AnyInvocable<bool()> cancelled) {
  const auto asked = Understood(request);
  if (!asked.ok()) co_return asked.status();
  MessageTerms terms{request.identity(), request.queue(), request.filter()};
  auto chosen = co_await ChooseMessages(pipeline_, std::move(terms));
  if (!chosen.ok()) co_return chosen.status();
  if (!asked->in_order) {
    co_return co_await Sorted(request, *asked, *std::move(chosen), cancelled, response);
  }
  absl::Status status = co_await InOrder(request, *asked, *std::move(chosen), cancelled, response);
  if (status.ok() && !request.identity().empty() && response.messages().empty()) {
    status = NoSuchMessage(request.identity(), pipeline_.server());
  }
  co_return status;
}

io::Task<absl::Status> MessageQuery::InOrder(const v1::GetMessageRequest& request,
                                             const Asked& asked,
                                             ChosenMessages chosen,
                                             absl::AnyInvocable<bool()>& cancelled,
                                             v1::GetMessageResponse& response) {
  std::optional<RowPlace> bookmark;
  if (!asked.page.bookmark.empty()) {
    const auto place = PlaceOfIdentity(asked.page.bookmark);
    if (!place.ok()) co_return base::Annotate(place.status(), "bookmark");
    bookmark = *place;
  }
  v1::Cursor cursor = request.resume();
  if (!request.has_resume()) cursor.set_total(chosen.total);
  chosen.terms.backward = asked.down;
  RowPlace at = EdgePlace(asked.down);
  // What comes before the bookmark is of no interest unless it is counted.
  if (bookmark && !asked.page.counts) {
    at = *bookmark;
    asked.down ? ++at.queue : --at.queue;
  }
  if (request.has_resume()) at = {cursor.message(), cursor.queue()};
  const MessageWalk walk(pipeline_.store(), pipeline_.server(), std::move(chosen.terms));
  OrderedPage page(asked.page, asked.down, bookmark, request.include_recipients());
  const absl::Time begun = absl::Now();
  for (;;) {
    if (cancelled()) co_return Gone();
    absl::AnyInvocable<Sliced()> read = [&, queues = chosen.queues, now = clock_.Now()] {
      return walk.Next(*queues, now, at, [&](const MessageWalk::Row& row) {
        return page.Take(row, cursor, response);
      });
    };
    const Sliced slice = co_await io::OnDisk<Sliced>(disk_, std::move(read));
    if (!slice.ok()) co_return slice.status();
    cursor.set_examined(cursor.examined() + slice->examined);
    if (slice->ended || slice->stopped) break;
    if (page.heavy() || absl::Now() - begun > kAnswerTime) {
      cursor.set_message(at.message);
      cursor.set_queue(at.queue);
      *response.mutable_next() = cursor;
      co_return absl::OkStatus();
    }
  }
  page.Finish(cursor, response);
  co_return absl::OkStatus();
}

io::Task<absl::StatusOr<SortedPage::Bookmark>> MessageQuery::BookmarkOf(const Asked& asked,
                                                                        QueueStatePtr queues) {
  using Found = absl::StatusOr<SortedPage::Bookmark>;
  const auto place = PlaceOfIdentity(asked.page.bookmark);
  if (!place.ok()) co_return base::Annotate(place.status(), "bookmark");
  absl::AnyInvocable<Found()> find = [&, queues, now = clock_.Now(), place = *place]() -> Found {
    const auto message = pipeline_.store().Load(base::MessageId{place.message});
    if (message.ok()) {
      for (const PlacedRow& placed : queues->StandingsOf(*message, now)) {
        if (placed.place != place) continue;
        const MessageRow row{*message, placed.standing, pipeline_.server(), now};
        return SortedPage::Bookmark{
            asked.order.KeyOf([&row](std::size_t field) { return MessageField(field, row); }),
            place};
      }
    }
    return base::Error(absl::StatusCode::kNotFound, "bookmark \"",
                       base::Printable(asked.page.bookmark), "\": it is in that queue no more");
  };
  co_return co_await io::OnDisk<Found>(disk_, std::move(find));
}

std::optional<v1::MessageInfo> MessageQuery::RowAt(const RowPlace& place,
                                                   const QueueState& queues,
                                                   bool with_recipients,
                                                   absl::Time now) const {
  MessageWalk::Terms terms;
  terms.ids = std::vector<base::MessageId>{base::MessageId{place.message}};
  const MessageWalk walk(pipeline_.store(), pipeline_.server(), std::move(terms));
  std::optional<v1::MessageInfo> info;
  RowPlace at = EdgePlace(false);
  const auto look = [&](const MessageWalk::Row& row) {
    if (row.place == place) info = InfoOf(row, with_recipients);
    return !info;
  };
  return walk.Next(queues, now, at, look).ok() ? info : std::nullopt;
}

io::Task<absl::Status> MessageQuery::Sorted(const v1::GetMessageRequest& request,
                                            const Asked& asked,
                                            ChosenMessages chosen,
                                            absl::AnyInvocable<bool()>& cancelled,
                                            v1::GetMessageResponse& response) {
  std::optional<SortedPage::Bookmark> bookmark;
  if (!asked.page.bookmark.empty()) {
    auto found = co_await BookmarkOf(asked, chosen.queues);
    if (!found.ok()) co_return found.status();
    bookmark = *std::move(found);
  }
  const MessageWalk walk(pipeline_.store(), pipeline_.server(), std::move(chosen.terms));
  SortedPage page(asked.page, asked.order, std::move(bookmark));
  RowPlace at = EdgePlace(false);
  for (bool more = true; more;) {
    if (cancelled()) co_return Gone();
    absl::AnyInvocable<Sliced()> read = [&, queues = chosen.queues, now = clock_.Now()] {
      return walk.Next(*queues, now, at, [&page](const MessageWalk::Row& row) {
        page.Take(row);
        return true;
      });
    };
    const Sliced slice = co_await io::OnDisk<Sliced>(disk_, std::move(read));
    if (!slice.ok()) co_return slice.status();
    more = !slice->ended && !slice->stopped;
  }
  absl::AnyInvocable<absl::Status()> finish = [&, now = clock_.Now()] {
    return page.Finish(
        [&](const RowPlace& place) {
          return RowAt(place, *chosen.queues, request.include_recipients(), now);
        },
        response);
  };
  co_return co_await io::OnDisk<absl::Status>(disk_, std::move(finish));
}

}  // namespace postern::admin
