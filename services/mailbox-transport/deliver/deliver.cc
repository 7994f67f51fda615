#include "services/mailbox-transport/deliver/deliver.h"

#include "absl/time/clock.h"

#include "common/base/text.h"
#include "services/mailbox-transport/deliver/stored_body.h"

namespace postern::deliver {

smtp::Delivery MakeDelivery(const model::Batch& batch,
                            const connector::SendConnector& connector,
                            absl::Duration deadline) {
  smtp::Delivery delivery;
  delivery.route.dns_routing = connector.dns_routing_enabled;
  delivery.route.domain = batch.next_hop.domain;
  delivery.route.smart_hosts = connector.smart_hosts;
  delivery.route.port = connector.port;
  delivery.policy.connector = connector.name;
  delivery.policy.version = connector.version;
  delivery.policy.fqdn = connector.fqdn;
  delivery.policy.require_tls = connector.require_tls;
  delivery.policy.ignore_start_tls = connector.ignore_start_tls;
  delivery.policy.force_helo = connector.force_helo;
  delivery.policy.messages_per_connection_max = connector.smtp_max_messages_per_connection;
  delivery.policy.inactivity = connector.connection_inactivity_timeout;
  delivery.envelope = batch.envelope();
  delivery.size = batch.message->size;
  delivery.eight_bit = batch.message->eight_bit;
  delivery.deadline = deadline;
  return delivery;
}

io::Task<smtp::Outcome> Deliver::Attempt(const model::Batch& batch,
                                         const connector::SendConnector& connector) {
  const absl::Time started = absl::Now();
  const smtp::Delivery delivery = MakeDelivery(batch, connector, *parts_.settings.attempt_timeout);
  StoredBody body(parts_.store, parts_.disk, batch.message);
  smtp::Outcome outcome;
  if (connector.frontend_proxy_enabled) {
    outcome = co_await parts_.proxy.Attempt(delivery, body);
  } else {
    outcome = co_await parts_.engine.Attempt(delivery, body);
  }
  parts_.probe.Attempted(connector.name,
                         connector.frontend_proxy_enabled ? Way::kProxy : Way::kDirect, outcome,
                         absl::Now() - started);
  co_return outcome;
}

io::Task<smtp::Outcome> Deliver::RelayOn(const model::Batch& batch, const model::RelayPlan& plan) {
  const absl::Time started = absl::Now();
  StoredBody body(parts_.store, parts_.disk, batch.message);
  const smtp::Outcome outcome = co_await parts_.relay.Attempt(batch, plan, body);
  const model::NextHop& hop = batch.next_hop;
  const std::string label = hop.connector.empty() ? base::Cat("site/", hop.domain) : hop.connector;
  parts_.probe.Attempted(label, Way::kRelay, outcome, absl::Now() - started);
  co_return outcome;
}

}  // namespace postern::deliver
