#include "services/mailbox-transport/pipeline/router.h"

#include <utility>

#include "common/base/check.h"

namespace postern::pipeline {

namespace {

route::RecipientQuery QueryFor(const model::Message& message, std::size_t recipient) {
  route::RecipientQuery query;
  query.address = message.envelope.recipients[recipient].address;
  query.size = message.routed_size();
  return query;
}

}  // namespace

void Router::Write(const route::Decision& decision, model::RecipientState& state) const {
  const model::NextHop before = std::exchange(state.next_hop, model::NextHop());
  if (const auto* hop = std::get_if<model::NextHop>(&decision)) {
    counts_.next_hop.Add();
    state.next_hop = *hop;
  } else if (const auto* unreachable = std::get_if<route::Unreachable>(&decision)) {
    counts_.unreachable.Add();
    state.next_hop.type = model::DeliveryType::kUnreachable;
    state.last_error = unreachable->reason;
  } else {
    counts_.reject.Add();
    state.last_error = std::get<route::Reject>(decision).reason;
  }
  // It waited for the hop that it leaves.
  if (state.next_hop != before) state.next_attempt = absl::InfinitePast();
}

void Router::SetSnapshot(directory::SnapshotPtr snapshot) {
  auto table = std::make_shared<const route::RouteTable>(std::move(snapshot), server_);
  const std::lock_guard lock(mutex_);
  const bool changed = table_ == nullptr || table_->version() != table->version();
  if (changed && log_ != nullptr) log_->TableChanged(*table);
  table_ = std::move(table);
}

RouteTablePtr Router::table() const {
  const std::lock_guard lock(mutex_);
  return table_;
}

void Router::Route(model::Message& message) const {
  const RouteTablePtr table = this->table();
  POSTERN_CHECK(table != nullptr);
  message.recipients.resize(message.envelope.recipients.size());
  message.snapshot_version = table->version();
  for (std::size_t i = 0; i < message.recipients.size(); ++i) {
    if (message.recipients[i].phase != model::Phase::kPending) continue;
    RouteBy(*table, message, i);
  }
}

void Router::RouteOne(model::Message& message, std::size_t recipient) const {
  RouteBy(*table(), message, recipient);
}

void Router::RouteBy(const route::RouteTable& table,
                     model::Message& message,
                     std::size_t recipient) const {
  const route::RecipientQuery query = QueryFor(message, recipient);
  const route::Decision decision = route::Select(table, query);
  if (log_ != nullptr) log_->Decided(table, query, decision);
  Write(decision, message.recipients[recipient]);
}

bool Router::RouteUnreachable(model::Message& message) const {
  bool any = false;
  for (std::size_t i = 0; i < message.recipients.size(); ++i) {
    const model::RecipientState& state = message.recipients[i];
    if (state.phase != model::Phase::kPending || state.suspended) continue;
    if (state.next_hop.type != model::DeliveryType::kUnreachable) continue;
    RouteOne(message, i);
    any |= state.next_hop.type != model::DeliveryType::kUnreachable;
  }
  return any;
}

bool Router::IsUnreachable(const model::Message& message, std::size_t recipient) const {
  const route::Decision decision = route::Select(*table(), QueryFor(message, recipient));
  return std::holds_alternative<route::Unreachable>(decision);
}

bool Router::Goes(const model::Message& message,
                  std::size_t recipient,
                  const model::NextHop& hop) const {
  const route::Decision decision = route::Select(*table(), QueryFor(message, recipient));
  const auto* const goes = std::get_if<model::NextHop>(&decision);
  return goes != nullptr && *goes == hop;
}

std::optional<route::Reject> Router::RefusalOf(const model::Message& message,
                                               std::size_t recipient) const {
  const route::Decision decision = route::Select(*table(), QueryFor(message, recipient));
  if (const auto* reject = std::get_if<route::Reject>(&decision)) return *reject;
  return std::nullopt;
}

void AddReadings(observe::Registry& registry, const RouteCounts& counts) {
  const std::pair<const char*, const observe::Counter*> rows[] = {
      {"next-hop", &counts.next_hop},
      {"unreachable", &counts.unreachable},
      {"reject", &counts.reject}};
  for (const auto& [decision, counter] : rows) {
    registry.AddReading("postern_route_decisions_total", "Recipients routed, by decision.",
                        [counter = counter] { return static_cast<double>(counter->value()); },
                        {{"decision", decision}});
  }
}

}  // namespace postern::pipeline
