#include "services/mailbox-transport/deliver/proxy.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"

#include "common/base/rendezvous.h"
#include "common/base/text.h"
#include "common/io/alarm.h"
#include "common/io/fiber.h"
#include "common/mail/enhanced_status.h"
#include "common/observe/log.h"
#include "services/mailbox-transport/deliver/reconnect.h"

namespace postern::deliver {

namespace {

// How long a stream may take to end politely.
constexpr absl::Duration kGoodbyeMax = absl::Seconds(2);
// Queues that found no slot are not woken more often than this.
constexpr absl::Duration kWakeMin = absl::Seconds(1);

bool FrontEndFailed(const smtp::Outcome& outcome) {
  return std::all_of(outcome.recipients.begin(), outcome.recipients.end(),
                     [](const auto& result) { return result.origin == smtp::Origin::kFrontEnd; });
}

Health HealthOf(const FrontEndStream& stream, std::uint64_t opening, const smtp::Outcome& outcome) {
  if (!FrontEndFailed(outcome)) return Health::kGood;
  // Without its stream it gets no mail anyway.
  if (stream.closed() || stream.openings() != opening || stream.going_away()) {
    return Health::kNothing;
  }
  const absl::Status& why = outcome.recipients.front().error;
  if (absl::IsResourceExhausted(why) || absl::IsCancelled(why)) return Health::kNothing;
  return Health::kFailed;
}

}  // namespace

Proxy::Proxy(io::Executor& executor,
             const rpc::RpcSettings& rpc,
             const DeliverSettings& settings,
             std::string site,
             Probe& probe,
             std::function<void()> available,
             dns::Resolver* resolver)
    : executor_(executor),
      rpc_(rpc),
      settings_(settings),
      site_(std::move(site)),
      probe_(probe),
      available_(std::move(available)),
      wake_soon_(executor, [this] { Changed(); }),
      scope_(executor),
      names_(executor, settings, resolver, [this](const auto& addresses) {
        SetAddresses(addresses);
      }) {}

Proxy::~Proxy() = default;

void Proxy::SetFrontEnds(const std::vector<std::string>& names) {
  names_.Set(names);
  Tell();
}

void Proxy::SetAddresses(const std::vector<std::string>& addresses) {
  for (auto at = front_ends_.begin(); at != front_ends_.end();) {
    const bool kept =
        std::find(addresses.begin(), addresses.end(), (*at)->address) != addresses.end();
    if (!kept) {
      POSTERN_LOG(kInfo, "deliver", "front end has left", {{"front_end", (*at)->address}});
      (*at)->gone = true;
      (*at)->closed.NotifyAll();
    }
    at = kept ? at + 1 : front_ends_.erase(at);
  }
  for (const std::string& address : addresses) {
    const bool known = std::any_of(front_ends_.begin(), front_ends_.end(),
                                   [&](const auto& one) { return one->address == address; });
    if (!known) Add(address);
  }
  Changed();
}

void Proxy::Add(const std::string& address) {
  auto client = rpc::ProxyClient::Make(rpc_, address, site_);
  if (!client.ok()) {
    POSTERN_LOG(kError, "deliver", "front end cannot be used",
                {{"front_end", address}, {"error", client.status()}});
    return;
  }
  auto front_end = std::make_shared<FrontEnd>(executor_, settings_, address, [this] { Changed(); });
  front_end->client = std::move(*client);
  for (int i = 0; i < *settings_.proxy_streams; ++i) {
    front_end->streams.push_back(std::make_unique<FrontEndStream>(
        address,
        [this, weak = std::weak_ptr(front_end)] {
          if (const auto one = weak.lock()) one->closed.NotifyAll();
          Changed();
        },
        [one = front_end.get()](const v1::Destination& told) {
          one->destinations.Told(told, absl::Now());
        }));
  }
  front_ends_.push_back(front_end);
  for (std::size_t i = 0; i < front_end->streams.size(); ++i) {
    scope_.Spawn(KeepOpen(front_end, i));
  }
}

// Opens one stream, waits for its end, opens it again; ends with the service or the front end's
// place among those of the site.
io::Task<void> Proxy::KeepOpen(std::shared_ptr<FrontEnd> front_end, std::size_t number) {
  FrontEndStream& stream = *front_end->streams[number];
  int failed = 0;  // openings in a row
  while (!scope_.stopping() && !front_end->gone) {
    stream.Attach(front_end->client->Open(executor_, stream));
    while (!stream.closed() && !scope_.stopping()) {
      if (front_end->gone && stream.in_use() == 0) break;
      co_await front_end->closed.Wait();
    }
    if (scope_.stopping() || front_end->gone) break;
    names_.AskSoon();  // it may be gone for good
    failed = stream.had_slots() ? 0 : failed + 1;
    if (const int times = front_end->ends.Note(absl::Now()); times > 0) {
      POSTERN_LOG(
          kWarning, "deliver", "stream to front end ended",
          {{"front_end", front_end->address}, {"error", stream.last_error()}, {"times", times}});
    }
    co_await io::Sleep(PauseBefore(failed, *settings_.proxy_reconnect_after));
  }
  stream.End();
  // A front end that is out of reach does not answer a polite end.
  io::Alarm enough(executor_, [&stream] { stream.Abort(); });
  enough.Set(kGoodbyeMax);
  // The front end lives as long as this fiber: until nobody uses its stream any more.
  while (!stream.closed() || stream.in_use() > 0)
    co_await front_end->closed.Notified();
}

io::Task<smtp::Outcome> Proxy::Attempt(const smtp::Delivery& delivery, smtp::BodySource& body) {
  const std::string hop = base::Cat(delivery.policy.connector, " ", delivery.route.domain);
  smtp::Outcome outcome;
  for (int offers = 0; offers < kOffersMax; ++offers) {
    absl::Status why;
    const Chosen chosen = co_await Choose(hop, &why);
    if (chosen.stream == nullptr) {
      starved_ = true;
      if (offers > 0) break;  // the first front end's own words say more
      co_return smtp::Outcome::Failed(delivery.envelope.recipients.size(), smtp::Origin::kFrontEnd,
                                      why, mail::transient::kNoAnswerFromHost);
    }
    outcome = co_await Offer(chosen, delivery, hop, body);
    if (!FrontEndFailed(outcome) || outcome.ambiguous || io::Fiber::Current()->cancelled()) break;
  }
  co_return outcome;
}

io::Task<smtp::Outcome> Proxy::Offer(const Chosen& chosen,
                                     const smtp::Delivery& delivery,
                                     const std::string& hop,
                                     smtp::BodySource& body) {
  FrontEndStream& stream = *chosen.stream;
  Destinations& destinations = chosen.front_end->destinations;
  // Who has a place in the MX set is tried: the set backs off by itself.
  if (delivery.route.dns_routing && delivery.mx_set.empty()) {
    const absl::Status blocked = destinations.Blocked(delivery.route.domain, absl::Now());
    if (!blocked.ok()) {
      co_return smtp::Outcome::Failed(delivery.envelope.recipients.size(), smtp::Origin::kConnect,
                                      blocked, mail::transient::kNoAnswerFromHost);
    }
  }
  const std::uint64_t opening = stream.openings();
  const bool tries = chosen.front_end->Begins();
  smtp::Outcome outcome = co_await stream.Deliver(delivery, hop, body);
  const bool unreached =
      std::any_of(outcome.recipients.begin(), outcome.recipients.end(),
                  [](const auto& result) { return result.origin == smtp::Origin::kConnect; });
  if (unreached) destinations.Tried(delivery.route.domain, absl::Now());
  // That its slot is free again was told by the stream.
  if (chosen.front_end->Ended(tries, HealthOf(stream, opening, outcome))) Changed();
  co_return outcome;
}

// Waits for a stream with a slot, while there is any front end to hope for.
io::Task<Proxy::Chosen> Proxy::Choose(const std::string& hop, absl::Status* why) {
  const absl::Time deadline = absl::Now() + *settings_.proxy_slot_wait;
  while (true) {
    Chosen chosen = FirstWithSlot(hop);
    if (chosen.stream != nullptr) co_return chosen;
    *why = WhyNone();
    if (!Hopeful()) co_return Chosen();
    const absl::Status waited = co_await changed_.Until(deadline - absl::Now());
    if (!waited.ok()) co_return Chosen();
  }
}

Proxy::Chosen Proxy::FirstWithSlot(const std::string& hop) const {
  Chosen best;
  std::uint64_t best_weight = 0;
  for (const auto& front_end : front_ends_) {
    const std::uint64_t weight = base::RendezvousWeight(front_end->address, hop);
    if (best.stream != nullptr && weight <= best_weight) continue;
    FrontEndStream* const stream = front_end->StreamFor(hop);
    if (stream == nullptr) continue;
    best = {front_end, stream};
    best_weight = weight;
  }
  return best;
}

bool Proxy::Hopeful() const {
  if (front_ends_.empty()) return names_.asking();
  return std::any_of(front_ends_.begin(), front_ends_.end(),
                     [](const auto& one) { return one->hopeful(); });
}

absl::Status Proxy::WhyNone() const {
  if (front_ends_.empty()) {
    const absl::Status error = names_.error();
    if (!error.ok()) {
      return base::Error(absl::StatusCode::kUnavailable, "no front end of the site ", site_,
                         " is known: ", base::MessageOf(error));
    }
    return base::Error(absl::StatusCode::kUnavailable, "no front end in the site ", site_,
                       ": set spec.frontEnds of its Site");
  }
  bool out = true;
  for (const auto& front_end : front_ends_) {
    if (front_end->usable()) {
      return base::Error(absl::StatusCode::kResourceExhausted, "no front end of the site ", site_,
                         " has a free slot");
    }
    out = out && front_end->out();
  }
  if (out) {
    return base::Error(absl::StatusCode::kUnavailable, "every front end of the site ", site_,
                       " has failed and is left out for a while");
  }
  const absl::Status& last = front_ends_.front()->streams.front()->last_error();
  return base::Error(absl::StatusCode::kUnavailable, "no front end of the site ", site_,
                     " can be reached: ", front_ends_.front()->address, last.ok() ? "" : ": ",
                     base::MessageOf(last));
}

std::size_t Proxy::front_ends_usable() const {
  return static_cast<std::size_t>(std::count_if(front_ends_.begin(), front_ends_.end(),
                                                [](const auto& one) { return one->usable(); }));
}

// A front end that is left out may be tried, and is none to count on.
void Proxy::Tell() {
  const auto usable = std::count_if(front_ends_.begin(), front_ends_.end(),
                                    [](const auto& one) { return one->usable() && !one->out(); });
  probe_.FrontEnds(names_.size(), static_cast<std::size_t>(usable));
}

void Proxy::Changed() {
  Tell();
  changed_.NotifyAll();
  const bool usable = front_ends_usable() > 0;
  if (usable && !std::exchange(was_usable_, usable)) return Wake();
  was_usable_ = usable;
  const bool room = starved_ && std::any_of(front_ends_.begin(), front_ends_.end(),
                                            [](const auto& one) { return one->has_room(); });
  if (!room) return;
  const absl::Duration early = woken_ + kWakeMin - absl::Now();
  if (early > absl::ZeroDuration()) return wake_soon_.Set(early);
  Wake();
}

void Proxy::Wake() {
  starved_ = false;
  woken_ = absl::Now();
  available_();
}

void Proxy::Stop() {
  names_.Stop();
  scope_.Stop();
  for (const auto& front_end : front_ends_)
    front_end->closed.NotifyAll();
}

io::Task<void> Proxy::Join() {
  co_await names_.Join();
  co_await scope_.Join();
  front_ends_.clear();
}

}  // namespace postern::deliver
