#include "services/mailbox-transport/pipeline/routing_log.h"

#include <utility>
#include <vector>

#include "absl/time/clock.h"

#include "common/base/text.h"
#include "common/mail/utf8.h"
#include "common/observe/csv_log_settings.h"
#include "common/observe/log_time.h"
#include "services/mailbox-transport/route/explain.h"

namespace postern::pipeline {

namespace {

constexpr std::string_view kFields =
    "date-time,snapshot-version,event,decision,recipient-domain,delivery-type,next-hop-domain,"
    "connector-id,address-space,cost,reason,candidates-that-lost";

void Value(std::string& line, std::string_view value) {
  observe::AppendCsv(line, mail::CleanText(value, kRoutingBytesMax));
  line.push_back(',');
}

std::string Begin(const route::RouteTable& table, std::string_view event) {
  std::string line = observe::LogTime(absl::Now());
  line.push_back(',');
  Value(line, table.version());
  Value(line, event);
  return line;
}

// What is the same for every recipient of the class.
std::string ClassOf(const route::Decision& decision) {
  if (const auto* hop = std::get_if<model::NextHop>(&decision)) {
    return base::Cat(static_cast<unsigned>(hop->type), "\n", hop->domain, "\n", hop->connector);
  }
  if (const auto* unreachable = std::get_if<route::Unreachable>(&decision)) {
    return base::Cat("unreachable\n", unreachable->reason);
  }
  return base::Cat("reject\n", std::get<route::Reject>(decision).reason);
}

std::string Losers(const route::Explanation& explanation) {
  std::vector<std::string> losers;
  for (const route::ExplainedCandidate& candidate : explanation.candidates) {
    if (candidate.chosen) continue;
    losers.push_back(base::Cat(candidate.connector, "=", route::NameOf(candidate.lost_at)));
  }
  return base::Join(losers, ";");
}

}  // namespace

absl::StatusOr<std::unique_ptr<RoutingLog>> RoutingLog::Open(const RoutingLogSettings& settings,
                                                             std::string folder) {
  if (!*settings.enabled) return std::unique_ptr<RoutingLog>();
  observe::CsvLogOptions form;
  form.folder = std::move(folder);
  form.prefix = "RoutingLog";
  form.log_type = "Routing Log";
  form.fields = kFields;
  form.step = "route";
  auto log = observe::OpenCsvLog(settings, std::move(form));
  if (!log.ok()) return log.status();
  if (*log == nullptr) return std::unique_ptr<RoutingLog>();
  return std::unique_ptr<RoutingLog>(new RoutingLog(*std::move(log)));
}

void RoutingLog::TableChanged(const route::RouteTable& table) {
  const directory::Snapshot& snapshot = table.snapshot();
  std::string line = Begin(table, "TABLE");
  line += ",,,,,,,";
  Value(line,
        base::Cat(snapshot.connectors().size(), " connectors, ", snapshot.sites().size(),
                  " sites, ", snapshot.links().size(), " links, ", snapshot.servers().size(),
                  " servers; our site is ", table.our_site(), snapshot.stale() ? "; stale" : ""));
  log_->Write(line);
}

bool RoutingLog::IsNew(const route::RouteTable& table, const route::Decision& decision) {
  std::string key = ClassOf(decision);
  const std::lock_guard lock(mutex_);
  if (version_ != table.version()) {
    version_ = table.version();
    known_.clear();
  }
  return known_.size() < kDecisionsMax && known_.insert(std::move(key)).second;
}

void RoutingLog::Decided(const route::RouteTable& table,
                         const route::RecipientQuery& query,
                         const route::Decision& decision) {
  if (!IsNew(table, decision)) return;
  const route::Explanation explanation = route::Explain(table, query);
  const auto& routed = explanation.routed;
  model::NextHop hop;
  std::string_view word = "next-hop";
  std::string reason;
  if (const auto* next = std::get_if<model::NextHop>(&decision)) {
    hop = *next;
  } else if (const auto* unreachable = std::get_if<route::Unreachable>(&decision)) {
    word = "unreachable";
    reason = unreachable->reason;
  } else {
    const auto& reject = std::get<route::Reject>(decision);
    word = "reject";
    reason = base::Cat(reject.status.ToString(), " ", reject.reason);
  }
  const bool goes = word == "next-hop";
  std::string line = Begin(table, "DECISION");
  Value(line, word);
  Value(line, routed.smtp() ? routed.address : base::Cat(routed.type, ":"));
  Value(line, goes ? model::NameOf(hop.type) : std::string_view());
  Value(line, hop.domain);
  Value(line, hop.connector);
  const route::ExplainedCandidate* chosen = nullptr;
  for (const route::ExplainedCandidate& candidate : explanation.candidates) {
    if (candidate.chosen) chosen = &candidate;
  }
  Value(line, chosen == nullptr ? std::string_view() : std::string_view(chosen->address_space));
  line += chosen == nullptr ? "," : base::Cat(chosen->cost, ",");
  Value(line, reason);
  Value(line, Losers(explanation));
  line.pop_back();
  log_->Write(line);
}

}  // namespace postern::pipeline
