// services/mailbox-transport/deliver/deliver.h
//
// Deliver: one attempt of one batch: by its Send connector, directly or through a front end of the
// site; or to another server of the organization.
//
// Flow      Attempt and RelayOn, as often as the queue gives work.
// Failure   Both always give an Outcome. A connector with frontendProxyEnabled never goes direct;
//           one without it is not tried where deliver.direct_egress is false.
// Lifetime  One executor; borrows engine, proxy, relay, store and disk pool.
// Limits    deliver.attempt_timeout for the whole attempt.
// See       docs/architecture.md "deliver"

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/connector/condition.h"
#include "common/connector/send_connector.h"
#include "common/io/on_disk.h"
#include "common/smtp/engine.h"
#include "services/mailbox-transport/deliver/probe.h"
#include "services/mailbox-transport/deliver/proxy.h"
#include "services/mailbox-transport/deliver/relay.h"
#include "services/mailbox-transport/deliver/settings.h"
#include "services/mailbox-transport/deliver/sts_cache.h"
#include "services/mailbox-transport/deliver/tls_feed.h"
#include "services/mailbox-transport/model/batch.h"
#include "services/mailbox-transport/model/message_store.h"

namespace postern::deliver {

class Deliver {
 public:
  struct Parts {
    smtp::Engine& engine;
    Proxy& proxy;
    Relay& relay;
    model::MessageStore& store;
    io::DiskPool& disk;
    const DeliverSettings& settings;
    Probe& probe;
    StsCache& sts;
    bool sts_obeyed;  // security.mta_sts; false: what is known from before is not in force either
    TlsFeed& tls_feed;
  };

  explicit Deliver(const Parts& parts) : parts_(parts) {}

  // `domain_listed`: the recipients' domain is in the organization's list for Domain Security.
  // `admits` is asked when the hosts are known, here or at the front end; there not when they are
  // of `mx_set`, in which the attempt has a place.
  io::Task<smtp::Outcome> Attempt(const model::Batch& batch,
                                  const connector::SendConnector& connector,
                                  bool domain_listed,
                                  smtp::Admits admits = {},
                                  std::string mx_set = {});
  // For a batch whose next hop is a relay: to the servers of `plan`, at the latest `until`.
  io::Task<smtp::Outcome> RelayOn(const model::Batch& batch,
                                  const model::RelayPlan& plan,
                                  absl::Time until = absl::InfiniteFuture());

 private:
  Parts parts_;
};

// What the engine needs to know, from the batch and its connector.
smtp::Delivery MakeDelivery(const model::Batch& batch,
                            const connector::SendConnector& connector,
                            bool domain_listed,
                            absl::Duration deadline);

// Whether mail of the connector has a way out of this server: it is proxied, or
// deliver.direct_egress is true.
absl::Status CheckEgress(const connector::SendConnector& connector, bool direct_egress);

// Whether the connector could be used now: it has a way out, its secret and its certificate are
// there: nothing; else NoDirectEgress, CertificateNotUsable or SecretNotUsable. It reads the disk,
// and is for the status that administrators see. Of a proxied connector the front ends know:
// nothing. `own_name` is what we say in EHLO; the stores may be null.
std::optional<connector::NotReady> CheckReady(const connector::SendConnector& connector,
                                              bool direct_egress,
                                              std::string_view own_name,
                                              smtp::CredentialStore* credentials,
                                              const tls::CertificateStore* certificates);

}  // namespace postern::deliver
