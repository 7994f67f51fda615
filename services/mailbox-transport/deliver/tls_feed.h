// services/mailbox-transport/deliver/tls_feed.h
//
// TlsFeed: counts the TLS sessions of every outcome, for reports and as metrics.
//
// Flow      Note, once for each outcome of a direct or proxied delivery.
// Failure   Words that RFC 8460 does not know, as a newer front end may say them, are not counted.
// Lifetime  Thread-safe. Borrows reports and registry.
// Limits    Those of smtp::TlsReports; the metric has a series for each policy type and result.
// See       RFC 8460 §4; docs/exchange.md "DANE and MTA-STS"
//
// The policy domain is that of the recipients, with TLSA records the name below which they are
// (RFC 8460 §1.1), with smart hosts their name. A session is counted when it is opened, not again
// when it is reused. A policy that could not be had counts once for each attempt that opened one.

#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "common/observe/metrics.h"
#include "common/smtp/known_sts.h"
#include "common/smtp/outcome.h"
#include "common/smtp/tls_report.h"

namespace postern::deliver {

class TlsFeed {
 public:
  TlsFeed(smtp::TlsReports& reports, observe::Registry& registry);

  // `known`: the MTA-STS policy that was handed in with the delivery.
  void Note(const smtp::Outcome& outcome, const std::optional<smtp::KnownSts>& known);

 private:
  static constexpr std::size_t kTypes = 3;

  void NoteSession(const smtp::TlsPolicyUsed& policy, const smtp::HostTried& tried);
  void Fail(const smtp::TlsPolicyUsed& policy, const smtp::TlsFailure& failure);

  smtp::TlsReports& reports_;
  std::array<observe::Counter*, kTypes> successes_{};
  std::array<std::array<observe::Counter*, smtp::kTlsResults>, kTypes> failures_{};
};

}  // namespace postern::deliver
