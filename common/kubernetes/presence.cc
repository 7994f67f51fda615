#include "common/kubernetes/presence.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"

#include "common/base/random.h"
#include "common/base/text.h"
#include "common/connector/send_connector.h"
#include "common/directory/resource.h"
#include "common/kubernetes/json.h"
#include "common/kubernetes/lease.h"
#include "common/mail/utf8.h"
#include "common/observe/log.h"

namespace postern::kubernetes {

namespace {

// The name under which the API server notes which fields are ours.
constexpr std::string_view kFieldManager = "postern";

Json ServerJson(std::string_view name, std::string_view site, std::string_view relay_address) {
  Json server;
  SetText(server, {"apiVersion"}, connector::kApiVersion);
  SetText(server, {"kind"}, "TransportServer");
  SetText(server, {"metadata", "name"}, name);
  SetText(server, {"metadata", "labels", "app.kubernetes.io/managed-by"}, "postern");
  SetText(server, {"spec", "site"}, site);
  if (!relay_address.empty()) SetText(server, {"spec", "relayAddress"}, relay_address);
  return server;
}

// The Lease goes when the TransportServer is deleted.
void SetOwner(Json& lease, std::string_view server, std::string_view uid) {
  Json owner;
  SetText(owner, {"apiVersion"}, connector::kApiVersion);
  SetText(owner, {"kind"}, "TransportServer");
  SetText(owner, {"name"}, server);
  SetText(owner, {"uid"}, uid);
  *At(lease, {"metadata", "ownerReferences"}).mutable_list_value()->add_values() = owner;
}

std::string NotReadyText(const std::map<std::string, std::string>& not_ready) {
  Json told;
  told.mutable_struct_value();  // {} when there is none
  std::size_t count = 0;
  for (const auto& [connector, why] : not_ready) {
    if (++count > Presence::kNotReadyMax) break;
    SetText(told, {connector}, mail::CleanText(why, Presence::kReasonBytesMax));
  }
  return WriteJson(told);
}

}  // namespace

std::string LeaseNameOf(std::string_view server) {
  return base::Cat("postern-", base::LowerAscii(server));
}

Presence::Presence(const KubernetesSettings& settings,
                   const Access& access,
                   std::string server,
                   std::function<Report()> report)
    : settings_(settings),
      access_(access),
      server_(base::LowerAscii(server)),
      identity_(base::Cat(server_, "_", base::Random::System().Uuid())),
      report_(std::move(report)),
      channel_(access.OpenChannel()),
      pause_(*settings.retry_first) {}

Presence::~Presence() {
  Stop();
}

absl::Status Presence::Register() {
  const absl::Status applied =
      Apply(*channel_,
            base::Cat(access_.PathOf(directory::Kind::kTransportServer), "/", server_,
                      "?fieldManager=", kFieldManager),
            WriteJson(ServerJson(server_, *settings_.site, *settings_.relay_address)),
            base::Cat("TransportServer ", server_), absl::InfiniteDuration());
  if (!absl::IsAborted(applied)) return applied;
  POSTERN_LOG(kWarning, "directory",
              "somebody else has written our TransportServer otherwise; it stays so",
              {{"server", server_}, {"error", applied}});
  return absl::OkStatus();
}

absl::Status Presence::Apply(http::Channel& channel,
                             std::string path,
                             const std::string& body,
                             std::string_view what,
                             absl::Duration most) {
  auto call = access_.Request("PATCH", std::move(path));
  if (!call.ok()) return call.status();
  call->body = body;
  // JSON is YAML.
  call->content_type = "application/apply-patch+yaml";
  call->body_bytes_max = 4 * 1024 * 1024;
  call->time_max = std::min(call->time_max, most);
  return Asked(channel, *std::move(call), what).status();
}

absl::Status Presence::Renew(http::Channel& channel, const Report& report, absl::Duration most) {
  const absl::Time now = absl::Now();
  const std::string name = LeaseNameOf(server_);
  Json lease = LeaseJson(name, identity_, *settings_.lease_duration, now);
  SetText(lease, {"metadata", "labels", kServerLabel}, server_);
  SetText(lease, {"metadata", "annotations", kSnapshotAnnotation}, report.snapshot);
  SetText(lease, {"metadata", "annotations", kNotReadyAnnotation}, NotReadyText(report.not_ready));
  // Without a new number the last one stands: what is left out of an apply is removed.
  if (report.messages) messages_ = report.messages;
  if (messages_) {
    SetText(lease, {"metadata", "annotations", kMessagesAnnotation}, base::Cat(*messages_));
  }
  if (!report.uid.empty()) SetOwner(lease, server_, report.uid);
  const absl::Status applied =
      Apply(channel,
            base::Cat(access_.LeasesPath(), "/", name, "?force=true&fieldManager=", kFieldManager),
            WriteJson(lease), base::Cat("lease ", name), most);
  if (!applied.ok()) return applied;
  const std::lock_guard lock(mutex_);
  renewed_ = now;
  return absl::OkStatus();
}

void Presence::Start() {
  ticker_.emplace("presence", absl::ZeroDuration(), [this] { return RunOnce(); });
}

void Presence::Stop() {
  if (!ticker_) return;
  ticker_->Close();
  channel_->Stop();
  ticker_.reset();
  // The channel that was stopped asks no more.
  if (const auto channel = access_.channel(); channel.ok()) {
    Renew(**channel, report_(), kLastWordMax).IgnoreError();  // then what it said last counts
  }
}

absl::Time Presence::renewed() const {
  const std::lock_guard lock(mutex_);
  return renewed_;
}

absl::Duration Presence::RunOnce() {
  const Report report = report_();
  absl::Status status;
  const bool missing = !registered_ || report.uid.empty();
  if (registers() && missing && report.site_there) {
    status = Register();
    registered_ = status.ok();
  }
  // Of a request that hangs the next one may go well, while the Lease still lasts.
  const absl::Duration quarter = *settings_.lease_duration / 4;
  if (status.ok()) status = Renew(*channel_, report, quarter);
  std::string failure(base::MessageOf(status));
  const bool news = failure != last_failure_;
  last_failure_ = std::move(failure);
  if (status.ok()) {
    pause_ = quarter;
    return pause_;
  }
  pause_ = news ? *settings_.retry_first : std::min({2 * pause_, *settings_.retry_most, quarter});
  if (news && !absl::IsCancelled(status)) {
    POSTERN_LOG(kWarning, "directory", "this server cannot show that it is there",
                {{"server", server_}, {"error", status}});
  }
  return pause_;
}

}  // namespace postern::kubernetes
